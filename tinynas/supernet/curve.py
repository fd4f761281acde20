"""Training curves: measures of single steps, averaged into a few points."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.progress import Reporter
from tinynas.supernet.plan import TrainingPlan

POINTS = 50


class Curve:
    """Collects measures of steps; tells points (`metric`) and `progress`, both in images seen.

    A plan may be a part of a training that saw `before` images already, and sees `total` in all.
    """

    def __init__(
        self,
        name: str,
        plan: TrainingPlan,
        reporter: Reporter,
        before: int = 0,
        total: int | None = None,
    ) -> None:
        self._name, self._plan, self._reporter = name, plan, reporter
        self._before, self._total = before, plan.images if total is None else total
        self._interval = max(1, plan.steps // POINTS)
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, step: int, measures: Mapping[str, float]) -> None:
        """Measures of training batches; their mean since the last point is the next point."""
        for key, value in measures.items():
            self._sums[key] = self._sums.get(key, 0.0) + value
        self._count += 1
        if (step + 1) % self._interval == 0 or step + 1 == self._plan.steps:
            self.point(step, {key: total / self._count for key, total in self._sums.items()})
            self._reporter.emit("progress", done=self._seen(step), total=self._total, unit="images")
            self._sums, self._count = {}, 0

    def point(self, step: int, measures: Mapping[str, float]) -> None:
        """One point now."""
        self._reporter.emit("metric", name=self._name, at=self._seen(step), values=dict(measures))

    def _seen(self, step: int) -> int:
        own = min((step + 1) * self._plan.batch_size, self._plan.images)
        return min(self._before + own, self._total)
