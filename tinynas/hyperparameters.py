"""What of a training's recipe a job may set, a sweep may try, and a plan checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from tinynas.errors import InvalidInputError

LIMITS: Mapping[str, tuple[float, float]] = {
    "batch_size": (2, 65_536),
    "learning_rate": (1e-9, 10.0),
    "weight_decay": (0, 10.0),
    "label_smoothing": (0, 0.99),
    "warmup": (0, 1),
    "average": (0, 0.99999),
}
"""Lowest and highest value."""
BATCH_SIZE = 64
"""Images a step, where nothing else is asked for."""


@dataclass(frozen=True)
class Hyperparameters:
    """Of the supernet's training, see `tinynas.supernet.plan.TrainingPlan`; None is its default.

    `batch_size` in images, `learning_rate` at its peak, `warmup` a share of the steps, `average`
    the decay a step of the weights' moving average.  Trainings of single networks that start
    from it have the same batch size, weight decay and label smoothing, and learning rates in
    proportion.
    """

    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    label_smoothing: float | None = None
    warmup: float | None = None
    average: float | None = None

    def __post_init__(self) -> None:
        """Raises: InvalidInputError: a value out of its range."""
        for name, value in self.given().items():
            check_range(f"training.{name}", value, *LIMITS[name], whole=name == "batch_size")

    def given(self) -> dict[str, float]:
        """Those that are set."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def check_range(name: str, value: object, low: float, high: float, *, whole: bool = False) -> None:
    """Raises: InvalidInputError: `value` is no number, or not a whole one, from `low` to `high`."""
    numbers = int if whole else (int, float)
    wrong = isinstance(value, bool) or not isinstance(value, numbers)
    if wrong or not low <= value <= high:  # type: ignore[operator]
        kind = "a whole number" if whole else "a number"
        bounds = f"of {low:g} or more" if high == math.inf else f"from {low:g} to {high:g}"
        raise InvalidInputError(
            f"{name} is {value!r}; allowed is {kind} {bounds}",
            field=name,
            given=value,
            allowed=f"{kind} {bounds}",
        )
