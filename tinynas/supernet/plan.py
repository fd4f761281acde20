"""How long and how to train: budgets in images, so that a plan means the same on every machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from tinynas.hyperparameters import BATCH_SIZE, LIMITS, check_range
from tinynas.request import MAX_MARGIN, check_recipe


def available_threads() -> int:
    """Threads to train with: `OMP_NUM_THREADS` if it is set, else the cores that this process may
    use, four at most, since operations on small images are soon too short to share."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(4, cores or 1))


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Torch's threads within the block; a sum over other threads rounds otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class TrainingPlan:
    """A budget of `images` (views of training images, with repetition) and the recipe.

    The learning rate rises linearly over `warmup` (a share of the steps) to its peak and falls to
    zero along a cosine.  The same plan, data, threads and workers give the same weights, bit for
    bit.  `recipe` is how a supernet is trained: `sandwich` or `progressive` (shrinking).  `average`
    is the decay a step of the weights' moving average that is the result; 0 for the last weights.
    `margin` is what fine-tuning takes from the right class's logit: it must win by so much.

    Raises:
        InvalidInputError: a value out of its range.
    """

    images: int
    batch_size: int = BATCH_SIZE
    learning_rate: float = 8e-3
    weight_decay: float = 0.02
    warmup: float = 0.1
    label_smoothing: float = 0.1
    clip_norm: float = 5.0
    random_subnets: int = 1
    seed: int = 0
    threads: int = field(default_factory=available_threads)
    checkpoint_seconds: float = 60.0
    recipe: str = "sandwich"
    average: float = 0.0
    margin: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            **LIMITS,
            "learning_rate": (1e-9, math.inf),
            "images": (1, math.inf),
            "clip_norm": (1e-9, math.inf),
            "random_subnets": (0, 64),
            "seed": (0, 2**32 - 1),
            "threads": (1, 1024),
            "checkpoint_seconds": (0, math.inf),
            "margin": (0, MAX_MARGIN),
        }
        for name, (low, high) in limits.items():
            check_range(name, getattr(self, name), low, high)
        check_recipe(self.recipe)

    @property
    def steps(self) -> int:
        return math.ceil(self.images / self.batch_size)

    def learning_rate_at(self, step: int) -> float:
        """For `step` in [0, steps): linear warm-up, then half a cosine down to zero."""
        warm = math.ceil(self.warmup * self.steps)
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        done = (step - warm) / max(1, self.steps - warm)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
