"""The process that does a job's work: warm before it has one, and never outliving its worker."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TypeAlias

from worker.job import JobRun, Pipeline
from worker.joblog import JobLog
from worker.memory import resident_bytes
from worker.scratch import Scratch
from worker.settings import WorkerSettings

PipelineLoader: TypeAlias = Callable[[WorkerSettings, Path], Pipeline]
"""Imports what the work needs; called in the child, with a folder that is deleted after it."""


class Child:
    """A worker's handle on its process: give it a job, ask it to stop, make sure it is gone."""

    def __init__(self, settings: WorkerSettings, load: PipelineLoader) -> None:
        self._scratch = Scratch()
        self._connection, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_main, args=(theirs, settings, load, self._scratch.path), name="tinynas-job"
        )
        self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with code {code}"

    @property
    def resident_bytes(self) -> int:
        """What it takes of this machine's memory, with all that it started."""
        return resident_bytes(self._process.pid or -1)

    def start(self, job_id: str, owner: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died waiting; whoever waits for it sees
            self._connection.send((job_id, owner))

    def ask_to_stop(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._connection.send("stop")

    def wait(self, seconds: float) -> bool:
        """Whether the process ended within `seconds`."""
        return bool(wait([self._process.sentinel], timeout=seconds))

    def end(self) -> None:
        """Kill the process and all that it started, where they are there; delete its scratch."""
        if self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()  # it may not have its own group yet
        self._process.join()
        self._connection.close()
        self._scratch.delete()


def _main(
    connection: Connection, settings: WorkerSettings, load: PipelineLoader, scratch: Path
) -> None:
    """The child's life."""
    os.setsid()  # one group with all that it starts, so that one signal ends all
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the worker's to act on
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _keep_to(settings.job_cpus)
    tempfile.tempdir = str(scratch)
    os.environ["TMPDIR"] = str(scratch)
    pipeline = load(settings, scratch)
    try:
        job_id, owner = connection.recv()
    except EOFError:
        shutil.rmtree(scratch, ignore_errors=True)
        return
    stop = threading.Event()
    threading.Thread(target=_listen, args=(connection, stop, scratch), daemon=True).start()
    JobLog(settings.job_folder(job_id)).capture()
    JobRun(settings, settings.open_store(), job_id, owner).run(pipeline, stop.is_set)


def _keep_to(cpus: int | None) -> None:
    """Let this process, and all that it starts, run on so many of the CPUs that it may use."""
    if cpus is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cpus])


def _listen(connection: Connection, stop: threading.Event, scratch: Path) -> None:
    """Wait for the word to stop, or for the worker's death, which nothing here may outlive."""
    try:
        connection.recv()
        stop.set()
        connection.recv()
    except (EOFError, OSError):
        shutil.rmtree(scratch, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)
