"""How a step tells what it does, and learns that it should stop.

Every event is a plain JSON object, so the same stream feeds a terminal, the database and a browser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tinynas.errors import CancelledError

STEPS = (
    "subspace",
    "supernet",
    "search",
    "finetune",
    "quantise",
    "schedule",
    "emit",
    "build",
    "simulate",
    "report",
)
"""The steps of a job, in order."""

EventKind: TypeAlias = Literal[
    "step_started",  # {}
    "step_finished",  # {seconds, reused}
    "progress",  # {done, total, unit}
    "metric",  # {name, at, values}: one point of training curves, `at` in images seen
    "subspaces",  # stage 1's table, see tinynas.subspace
    "candidate",  # one evaluated candidate, see tinynas.search
    "refusals",  # what the search has turned away so far, see tinynas.search.refusals
    "log",  # {message}
    "result",  # the finished job's summary
]


@dataclass(frozen=True)
class Event:
    kind: EventKind
    step: str
    data: dict[str, Any] = field(default_factory=dict)


Listener: TypeAlias = Callable[[Event], None]


def ignore(_: Event) -> None:
    """The listener that listens to nothing."""


@dataclass(frozen=True)
class Reporter:
    """What a step is handed: a way to speak, and a way to be stopped.

    `cancelled` is asked between pieces of work; it must be cheap.
    """

    step: str = ""
    listener: Listener = ignore
    cancelled: Callable[[], bool] = field(default=lambda: False)

    def of_step(self, step: str) -> Reporter:
        return Reporter(step, self.listener, self.cancelled)

    def emit(self, kind: EventKind, **data: Any) -> None:
        self.listener(Event(kind, self.step, data))

    def progress(self, done: int, total: int, unit: str) -> None:
        self.raise_if_cancelled()
        self.emit("progress", done=done, total=total, unit=unit)

    def raise_if_cancelled(self) -> None:
        """Raises: CancelledError."""
        if self.cancelled():
            raise CancelledError(f"cancelled during {self.step or 'the job'}")
