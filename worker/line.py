"""Between a job and what it has at work in the cluster: what that says, one way, and the wish to
stop, the other."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Generic, TypeVar

from tinynas.errors import TinynasError
from tinynas.progress import Event, Reporter

T = TypeVar("T")
TELL_SECONDS = 0.25
HEAR_SECONDS = 0.1


class Exchange:
    """An actor beside the job's process that both sides call."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._cancelled = False
        self._error: TinynasError | None = None

    def tell(self, events: list[Event]) -> bool:
        """From the work; whether it should stop."""
        self._events += events
        return self._cancelled

    def fail(self, error: TinynasError) -> None:
        """The work cannot be done, however often it is tried; the first reason counts."""
        self._error = self._error or error

    def error(self) -> TinynasError | None:
        return self._error

    def hear(self, cancelled: bool) -> list[Event]:
        """From the job: what was told since the last time."""
        self._cancelled = cancelled
        events, self._events = self._events, []
        return events


class Speaker:
    """The far end: a listener that sends events, a few times a second, and hears of the wish to
    stop without waiting for the answer."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._waiting: list[Event] = []
        self._answer: Any = None
        self._told = 0.0
        self._cancelled = False

    def reporter(self, step: str) -> Reporter:
        return Reporter(step, self._waiting.append, self.cancelled)

    def cancelled(self) -> bool:
        import ray

        if self._answer is not None and ray.wait([self._answer], timeout=0)[0]:
            self._cancelled, self._answer = ray.get(self._answer), None
        if self._answer is None and time.monotonic() - self._told >= TELL_SECONDS:
            self._answer, self._told = self._exchange.tell.remote(self._take()), time.monotonic()
        return self._cancelled

    def _take(self) -> list[Event]:
        events = self._waiting[:]
        self._waiting.clear()  # the reporter holds the list
        return events

    def flush(self) -> None:
        """Return when everything has arrived."""
        import ray

        ray.get(self._exchange.tell.remote(self._take()))

    def fail(self, error: TinynasError) -> None:
        import ray

        ray.get(self._exchange.fail.remote(error))


class Line(Generic[T]):
    """The near end: work that runs elsewhere, listened to until it has ended."""

    def __init__(self, ray: ModuleType) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._ray = ray
        node = ray.get_runtime_context().get_node_id()
        here = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        actor = ray.remote(num_cpus=0, scheduling_strategy=here)(Exchange)
        self.exchange = actor.remote()

    def follow(self, work: Callable[[], T], reporter: Reporter) -> T:
        """What `work`, which drives what runs elsewhere, returns; `reporter` hears what is said.

        Raises:
            CancelledError, TinynasError: what the work says of itself; and whatever `work` raises.
        """
        # Whatever Ray prints, it is no result of ours.
        with contextlib.redirect_stdout(sys.stderr):
            ended = _Ended(work)
            while not ended.wait(HEAR_SECONDS):
                self._hear(reporter)
        self._hear(reporter)
        error: TinynasError | None = self._ray.get(self.exchange.error.remote())
        self._ray.kill(self.exchange)
        if error is not None:
            raise error
        return ended.result()

    def _hear(self, reporter: Reporter) -> None:
        for event in self._ray.get(self.exchange.hear.remote(reporter.cancelled())):
            reporter.listener(event)


class _Ended(Generic[T]):
    """Work in a thread of its own: Ray's trainers and tuners take a main thread's Ctrl-C."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._value: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="elsewhere", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._work())
        except Exception as error:  # raised again where the result is asked for
            self._error = error

    def wait(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value[0]
