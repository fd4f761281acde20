"""A job's log: what its steps said, and all that it and its programs printed."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from tinynas.errors import SimulationError
from tinynas.progress import Event


class JobLog:
    """A listener that prints; `capture` makes this process print into the job's log."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "worker.log"

    def capture(self) -> None:
        """Everything that this process and its children print goes to the log from now on."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as log:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())

    def __call__(self, event: Event) -> None:
        match event.kind:
            case "step_started":
                self._say(event.step, "started")
            case "step_finished":
                how = "found from before" if event.data["reused"] else "finished"
                self._say(event.step, f"{how}, {event.data['seconds']:.1f} s")
            case "log":
                self._say(event.step, event.data["message"])

    def failed(self, error: Exception) -> None:
        """Where an error came from, with the whole of what a simulator said."""
        traceback.print_exception(error)
        if isinstance(error, SimulationError) and error.log:
            sys.stderr.write(f"{error.log}\n")

    def publish(self, artifacts: Path) -> None:
        """Put what the log says so far among the job's artifacts."""
        sys.stdout.flush()
        sys.stderr.flush()
        if self._file.is_file():
            artifacts.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._file, artifacts / "log.txt")

    def _say(self, step: str, message: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        sys.stdout.write(f"{now} {step}: {message}\n")
        sys.stdout.flush()
