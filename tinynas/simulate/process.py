"""Running a simulator as a process group that is gone afterwards, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import IO

from tinynas.errors import SimulationError

_POLL_S = 0.02
_LAST_LINES = 20


def supervise(
    command: list[str],
    *,
    stdout: Path,
    stderr: Path,
    cwd: Path,
    finished: Callable[[], bool],
    time_limit_s: float,
    stdin: bytes = b"",
    listens: Callable[[], bool] = lambda: False,
) -> None:
    """Runs `command` until `finished()`, then ends it and all that it started.

    `stdin` is written once `listens()`; standard input stays open until the end.

    Raises:
        SimulationError: the time limit passed, or the process ended before it was finished.
    """
    with stdout.open("wb") as out, stderr.open("ab") as err:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=cwd, stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True
        )
    if process.stdin is None:
        raise AssertionError("Popen made no pipe")
    writer = Thread(target=_write, args=(process.stdin, stdin), daemon=True)
    deadline = time.monotonic() + time_limit_s
    try:
        while not finished():
            if process.poll() is not None and not finished():
                raise SimulationError(
                    f"{Path(command[0]).name} ended with code {process.returncode} "
                    "before the firmware did"
                )
            if time.monotonic() > deadline:
                raise SimulationError(f"the firmware did not end within {time_limit_s:g} s")
            if writer.ident is None and listens():
                writer.start()
            time.sleep(_POLL_S)
    finally:
        _kill_group(process)
        if writer.ident is not None:
            writer.join()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _write(pipe: IO[bytes], data: bytes) -> None:
    # The process may be killed in the middle: what it did is then judged by its output.
    with contextlib.suppress(BrokenPipeError):
        pipe.write(data)
        pipe.flush()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(path: Path) -> str:
    """The end of a log, for a message."""
    if not path.is_file():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-_LAST_LINES:])
