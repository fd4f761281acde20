"""Processes as they are: who descends from whom, what they took, and ending them for good."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Running:
    """A living process; `seconds` of processor time that it took so far."""

    pid: int
    parent: int
    command: str
    seconds: float


def running() -> list[Running]:
    """All living processes that can be seen."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue  # it has just ended
        if fields[0] != "Z":
            seconds = (int(fields[11]) + int(fields[12])) / _TICKS
            found.append(Running(int(folder.name), int(fields[1]), command, seconds))
    return found


def descendants(root: int) -> list[Running]:
    """A process and all that it started, directly or not."""
    everything = running()
    wanted = {root}
    while True:
        more = {p.pid for p in everything if p.parent in wanted} | wanted
        if more == wanted:
            return [p for p in everything if p.pid in wanted]
        wanted = more


def kill(processes: list[Running]) -> None:
    """End them as the kernel ends what takes too much memory: kill -9, no farewell."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def until(condition: Callable[[], bool], what: str, *, seconds: float) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: it did not come within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
