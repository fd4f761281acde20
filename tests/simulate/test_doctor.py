"""`doctor`: what is there, and for what is not, the command that mends it."""

from __future__ import annotations

import pytest

from tinynas.simulate import doctor


def test_what_is_installed_is_found_and_the_rest_has_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tools = {t.name: t for t in doctor()}
    assert set(tools) >= {"arm-none-eabi-gcc", "ziglang", "renode", "unicorn", "qemu", "make", "cc"}
    assert tools["unicorn"].found
    assert all(t.remedy and t.purpose for t in tools.values())
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("TINYNAS_RENODE", raising=False)
    bare = {t.name: t for t in doctor()}
    missing = {name for name, tool in bare.items() if tool.found is None}
    assert missing == {"arm-none-eabi-gcc", "renode", "qemu", "make", "cc"}
    assert bare["qemu"].remedy == "apt-get install qemu-system-arm"
    assert "gcc-arm-none-eabi" in bare["arm-none-eabi-gcc"].remedy
