"""What a job's processes take of this machine's memory."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(group: int) -> int:
    """Bytes of all processes of a process group (Linux; 0 elsewhere).

    Pages that several of them share are counted for one: a forked or mapped gigabyte is one.
    """
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[2]) != group:
                continue
            _, resident, shared, *_ = (folder / "statm").read_text().split()
        except (OSError, IndexError, ValueError):
            continue  # it has just ended
        total += (int(resident) - int(shared)) * _PAGE
    return total
