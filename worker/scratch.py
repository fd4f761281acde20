"""Folders for what a job's process and its cluster leave behind, deleted after them.

A worker holds a lock on each of its folders (`flock`) for as long as it lives, so the next one
deletes those of a worker that was killed before it could, and no other: a lock is seen by all who
share the folder's file system, where process ids are not (in containers).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "tnw-"


def _place() -> Path:
    # Ray names sockets in here, and their paths must be shorter than 108 bytes.
    short = Path("/tmp")  # noqa: S108
    return short if short.is_dir() else Path(tempfile.gettempdir())


class Scratch:
    """A new folder, this process's own until it is deleted or the process ends."""

    def __init__(self) -> None:
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
            lock = _lock(self.path)
            if lock is not None and self.path.is_dir():
                self._lock = lock
                return
            if lock is not None:  # somebody swept it before it was locked
                os.close(lock)

    def delete(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def sweep_scratch() -> None:
    """Delete the folders of this user's workers that are no more."""
    for folder in _place().glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another one sweeps, too
            if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
                continue
            if (lock := _lock(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock until it is closed; None if somebody else does, or
    the folder is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
