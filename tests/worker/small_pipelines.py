"""Pipelines of a few lines, for what a worker does around a pipeline; each by its loader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from tinynas.errors import SimulationError
from tinynas.progress import Reporter
from tinynas.request import JobRequest
from worker.job import Inputs, Pipeline
from worker.settings import WorkerSettings

CANDIDATE = {"sram_bytes": 100, "flash_bytes": 100, "macs": 100, "recomputed_macs": 0}


def candidate(number: int, accuracy: float, **changes: int) -> dict[str, Any]:
    """A candidate as the search reports it; every one believes that it is on the front."""
    return {"id": number, "accuracy": accuracy, "pareto": True, **CANDIDATE, **changes}


def load_quick(settings: WorkerSettings, scratch: Path) -> Pipeline:
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        (folder / "artifacts" / "report.html").write_text("<p>done</p>")
        (folder / "artifacts" / ".half.zip").write_bytes(b"not finished")
        subspace = reporter.of_step("subspace")
        subspace.emit("step_started")
        subspace.emit("subspaces", chosen={"width": 0.5, "resolution": 48})
        search = reporter.of_step("search")
        search.emit("step_started")
        for number, accuracy in enumerate((0.5, 0.9, 0.7)):
            search.emit("candidate", **candidate(number, accuracy))
            search.progress(number + 1, 3, "evaluations")
        return {"dataset": request.dataset, "seed": request.seed}

    return run


def load_reading(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """Its result is what it was given: the request's supernet, and the content of its file."""
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del folder, reporter
        content = inputs.supernet.read_text() if inputs.supernet else None
        return {"supernet": request.supernet, "content": content}

    return run


def load_failing(settings: WorkerSettings, scratch: Path) -> Pipeline:
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request, folder
        reporter.of_step("simulate").emit("step_started")
        raise SimulationError("the simulator hung", log="pc 0x0", simulator="unicorn")

    return run


def load_defective(settings: WorkerSettings, scratch: Path) -> Pipeline:
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request, folder
        reporter.of_step("emit").emit("step_started")
        raise ZeroDivisionError("division by zero")

    return run


def load_endless(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """Reports progress until it is cancelled; says which process it is."""
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pid").write_text(str(os.getpid()))
        training = reporter.of_step("supernet")
        training.emit("step_started")
        for done in range(1_000_000):
            training.progress(done, 1_000_000, "images")
            time.sleep(0.01)
        return {}

    return run


def load_deaf(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """Never asks whether it is cancelled, and waits for a program that takes long."""
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request
        folder.mkdir(parents=True, exist_ok=True)
        program = subprocess.Popen(["/bin/sleep", "600"])
        (folder / "pid").write_text(str(program.pid))
        reporter.of_step("simulate").emit("step_started")
        program.wait()
        return {}

    return run


def load_dying_once(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """Its first run is ended as the kernel ends what takes too much memory."""
    quick = load_quick(settings, scratch)

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return quick(request, folder, reporter, inputs)

    return run


def load_without_database_once(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """Its first run meets a database that is gone, behind an error of another library."""
    quick = load_quick(settings, scratch)

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "away"
        if not mark.exists():
            mark.touch()
            raise RuntimeError("no study") from OperationalError("SELECT 1", {}, OSError("gone"))
        return quick(request, folder, reporter, inputs)

    return run


def load_dying(settings: WorkerSettings, scratch: Path) -> Pipeline:
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request, folder, reporter
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    return run


def load_greedy(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """Takes a gigabyte, in a process that it starts."""
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request, folder, inputs
        reporter.of_step("supernet").emit("step_started")
        code = "x = bytearray(b'1') * (1 << 30); import time; time.sleep(60)"
        subprocess.run([sys.executable, "-c", code], check=True)
        return {}

    return run


def load_counting_cpus(settings: WorkerSettings, scratch: Path) -> Pipeline:
    del settings, scratch

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        del request, folder, reporter, inputs
        return {"cpus": len(os.sched_getaffinity(0))}

    return run
