"""Subnets measured by Ray actors: each holds the supernet's weights and the images once.

There are as many actors as the cluster has room for, now: nodes that come are used from the next
round on, and what was being measured on one that goes is measured again elsewhere.  Every
architecture is measured alone in one thread, so who measures it changes nothing.  What runs in an
actor is the library's own evaluator, so a node needs `tinynas` and nothing of the service.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from tinynas.errors import TinynasError
from tinynas.search import EvaluationTask, LocalEvaluator
from tinynas.spaces import Architecture
from worker.cluster import Cluster

MAX_LOSSES = 5
"""An architecture whose measurement has ended so many actors is the likely cause."""
LOOK_SECONDS = 5.0  # how often to look for room for more actors while all are at work


class RayEvaluator:
    """Measures on up to `actors()` processes, wherever the cluster has room for them."""

    def __init__(
        self,
        task: EvaluationTask,
        cluster: Cluster,
        *,
        actors: Callable[[], int],
        memory_bytes: int | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """`memory_bytes`: what Ray sets aside for each actor; `ended` is called on closing."""
        self._wanted, self._ended = actors, ended
        self._ray = ray = cluster.ray()
        # Once into the object store; every actor of a node reads the same copy of the images.
        self._reference = ray.put(task)
        options: dict[str, Any] = {"num_cpus": 1, "max_restarts": 0}
        if memory_bytes is not None:
            options["memory"] = memory_bytes
        self._measurer = ray.remote(**options)(LocalEvaluator)
        self.actors: list[Any] = []  # that have the weights
        self._starting: dict[Any, Any] = {}  # by the answer that they will give once they have them
        self._grow()

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        """Accuracies in the order of `architectures`, whichever actor is done first.

        Raises:
            TinynasError: a measurement ended actor after actor.
        """
        from ray.exceptions import RayActorError, RayTaskError

        waiting = deque(range(len(architectures)))
        busy: dict[Any, tuple[Any, int]] = {}
        losses: Counter[int] = Counter()
        measured: dict[int, float] = {}
        while len(measured) < len(architectures):
            self._grow()
            working = [actor for actor, _ in busy.values()]
            for actor in [a for a in self.actors if a not in working]:
                if waiting:
                    index = waiting.popleft()
                    busy[actor.evaluate.remote([architectures[index]])] = (actor, index)
            answers = [*busy, *self._starting]
            done, _ = self._ray.wait(answers, num_returns=1, timeout=LOOK_SECONDS)
            for answer in done:
                actor, index = busy.pop(answer, (None, -1))
                try:
                    value = self._ray.get(answer)
                except RayActorError as error:
                    self._forget(answer, actor)
                    losses[index] += 1
                    if losses[index] >= MAX_LOSSES:
                        raise TinynasError(
                            f"{MAX_LOSSES} processes ended while they "
                            + ("measured one network" if index >= 0 else "were started")
                            + f": {error}",
                            remedy="give the workers more memory, then resume the job",
                        ) from error
                    if index >= 0:
                        waiting.appendleft(index)
                    continue
                except RayTaskError as error:
                    raise error.cause from error
                if index < 0:
                    self.actors.append(self._starting.pop(answer))
                else:
                    (measured[index],) = value
        return [measured[index] for index in range(len(architectures))]

    def _grow(self) -> None:
        """Ask for the actors that are missing."""
        for _ in range(self._wanted() - len(self.actors) - len(self._starting)):
            actor = self._measurer.remote(self._reference)
            # Answered once the weights have arrived.
            self._starting[actor.evaluate.remote([])] = actor

    def _forget(self, answer: Any, actor: Any) -> None:
        self._starting.pop(answer, None)
        if actor in self.actors:
            self.actors.remove(actor)

    def close(self) -> None:
        """Give back the processors and the memory; what comes next need not wait for that."""
        for actor in (*self.actors, *self._starting.values()):
            self._ray.kill(actor)
        self.actors.clear()
        self._starting.clear()
        del self._reference
        self._ended()
