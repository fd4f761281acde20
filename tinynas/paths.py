"""Where the folders beside `tinynas/` in the repository are, in a checkout and in a wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def service_root() -> Path:
    """The folder that holds `api/`, `worker/` and `search_spaces/`.

    In a wheel that is `tinynas/_bundled/` (see `pyproject.toml`), in a checkout the repository.
    """
    bundled = _PACKAGE / "_bundled"
    return bundled if bundled.is_dir() else _PACKAGE.parent


def enable_service_imports() -> None:
    """Make `import api` and `import worker` mean ours, in this process alone."""
    root = str(service_root())
    if root not in sys.path:
        sys.path.insert(0, root)


def service_environment() -> dict[str, str]:
    """This process's environment, with `api` and `worker` importable in a child."""
    share_cores()
    path = [str(service_root()), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in path if p)}


def share_cores() -> None:
    """Let torch's threads sleep, not spin, while they wait for each other.

    On a machine that does something else besides, spinning made training 5 to 20 times slower.
    OpenMP reads this when torch is first imported, so it has to be said before.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
