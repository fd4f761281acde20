"""Steps that write their outputs whole or not at all, under a key of their inputs and their code.

A step's folder appears by a rename when it is complete, so a job that dies resumes at the first
step without a folder, and a step whose inputs or code have changed finds none.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tinynas.progress import Reporter

_ROOT = Path(__file__).resolve().parent.parent
_SHARED = ("errors.py", "units.py", "graph/ir.py", "spaces")


@dataclass(frozen=True)
class StepOutput:
    """A finished step: its folder and the key it is stored under."""

    name: str
    key: str
    path: Path


@dataclass(frozen=True)
class Workspace:
    """What a step at work is given.

    out: the folder that becomes its output when it returns.
    partial: a folder that survives an interruption, for what it wants to find again.
    """

    out: Path
    partial: Path
    reporter: Reporter


class StepStore:
    """The steps of one job, in `folder/steps/`.

    `folder/partial/` keeps what an unfinished step wants to find again when it is resumed
    (a training checkpoint), and goes when the step is finished.
    """

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self._steps = folder / "steps"
        self._partial = folder / "partial"
        self._reporter = reporter

    def run(
        self,
        name: str,
        inputs: Mapping[str, Any],
        work: Callable[[Workspace], None],
        *,
        rooms: tuple[str, ...],
    ) -> StepOutput:
        """The output of `work`, made now or found.

        Args:
            inputs: JSON-able; the keys of the steps that it builds on among them.
            rooms: the packages of `tinynas` whose code the output depends on.
        """
        reporter = self._reporter.of_step(name)
        reporter.raise_if_cancelled()
        key = step_key(name, inputs, rooms)
        target = self._steps / f"{name}-{key}"
        reporter.emit("step_started")
        started = time.monotonic()
        reused = target.is_dir()
        if not reused:
            self._make(target, work, reporter)
        reporter.emit("step_finished", seconds=round(time.monotonic() - started, 3), reused=reused)
        return StepOutput(name, key, target)

    def _make(self, target: Path, work: Callable[[Workspace], None], reporter: Reporter) -> None:
        partial = self._partial / target.name
        partial.mkdir(parents=True, exist_ok=True)
        out = target.with_name(f".{target.name}.tmp")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        try:
            work(Workspace(out, partial, reporter))
            out.rename(target)
        finally:
            shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(partial, ignore_errors=True)


def step_key(name: str, inputs: Mapping[str, Any], rooms: tuple[str, ...]) -> str:
    """Twelve hexadecimal digits over the step's inputs and the code of the rooms it depends on."""
    text = json.dumps({"step": name, "inputs": inputs, "code": code_version(rooms)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def code_version(rooms: tuple[str, ...]) -> str:
    """A digest over the source files of the rooms (and of the nouns that all of them share)."""
    digest = hashlib.sha256()
    for name in sorted({*rooms, *_SHARED}):
        place = _ROOT / name
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(_ROOT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
