"""Where data sets are looked for, and where downloads are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data_dir() -> Path | None:
    """`TINYNAS_DATA_DIR`: a folder of data sets that are already here, looked into first."""
    value = os.environ.get("TINYNAS_DATA_DIR")
    return Path(value) if value else None


def cache_dir() -> Path:
    """`TINYNAS_CACHE_DIR`, else the platform's place for what can be fetched again."""
    value = os.environ.get("TINYNAS_CACHE_DIR")
    if value:
        return Path(value)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinynas"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "tinynas" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinynas"


def find(file: str) -> Path | None:
    """`file` in `data_dir`, if it is there."""
    folder = data_dir()
    path = None if folder is None else folder / file
    return path if path is not None and path.is_file() else None
