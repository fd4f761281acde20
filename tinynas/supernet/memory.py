"""Memory that a training frees is kept for its next step.

glibc hands large freed blocks back to the kernel, which clears every page anew when the next layer
asks for one: a third of the time of a training at 64 pixels.  Other C libraries are left alone.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1
"""Bytes; the largest that `mallopt(3)` takes."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Within the block the process keeps what it frees; at its end all of that is handed back.

    Afterwards blocks of any size are still taken from memory that was freed before: glibc knows no
    way back to the threshold that it adapts by itself.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _NEVER)
        libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        if libc is not None:
            libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
