"""Folders for what a job's process and its cluster leave behind, deleted after them.

They are named after the worker that made them, so that the next one deletes those of a worker that
was killed before it could.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_NAME = re.compile(r"tn([0-9]+)-.{8}")


def _place() -> Path:
    # Ray names sockets in here, and their paths must be shorter than 108 bytes.
    short = Path("/tmp")  # noqa: S108
    return short if short.is_dir() else Path(tempfile.gettempdir())


def new_scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"tn{os.getpid()}-", dir=_place()))


def sweep_scratch() -> None:
    """Delete the folders of this user's workers that are no more."""
    for folder in _place().glob("tn*-*"):
        name = _NAME.fullmatch(folder.name)
        if name is None or folder.is_symlink() or not folder.is_dir():
            continue
        if folder.stat().st_uid == os.getuid() and not _runs(int(name[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
