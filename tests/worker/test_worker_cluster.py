"""A cluster of our own is protected, or not started."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tinynas.errors import TinynasError
from worker.cluster import set_environment


def test_ray_imported_before_its_settings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(TinynasError, match="RAY_ADDRESS"):
        set_environment(local=True)
    set_environment(local=False)
