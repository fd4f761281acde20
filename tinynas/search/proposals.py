"""Where proposals come from: Optuna's samplers, or populations bred from what was measured.

One interface for all engines: `breed` gives architectures to try next, and what it leaves open is
asked of `sampler`.  Both depend on nothing but what was measured and a seed for the round, so a
search that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler, RandomSampler, TPESampler

from tinynas.spaces import SearchSpace

IntArray: TypeAlias = NDArray[np.int64]
Admits: TypeAlias = Callable[[IntArray], NDArray[np.bool_]]
"""Rows [N, genes] -> which of them fit the budget and have not been measured."""

BATCH = 8
"""Networks measured before any result is told: a constant, whatever the number of actors."""
STARTUP = 2 * BATCH
_DRAWS = 40
NSGA_POPULATION = 20
"""Optuna's default of 50 would be random for most of a search of a hundred evaluations."""


@dataclass(frozen=True)
class Measured:
    """What is known: canonical rows [N, genes] in the order of measurement, accuracies [N]."""

    rows: IntArray
    accuracies: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    def best(self, count: int) -> IntArray:
        """The rows of the `count` most accurate, best first; of equals the earlier."""
        order = np.argsort(-self.accuracies, kind="stable")
        return self.rows[order[:count]]


class Proposer(Protocol):
    """An engine."""

    def sampler(self, seed: int) -> BaseSampler:
        """Fills in what `breed` leaves open."""

    def breed(
        self, measured: Measured, wanted: int, admits: Admits, rng: np.random.Generator
    ) -> IntArray:
        """Up to `wanted` different rows that `admits`; none where the sampler is to choose."""


@dataclass(frozen=True)
class Sampled:
    """An engine that is one of Optuna's samplers."""

    make: Callable[[int], BaseSampler]

    def sampler(self, seed: int) -> BaseSampler:
        return self.make(seed)

    def breed(
        self, measured: Measured, wanted: int, admits: Admits, rng: np.random.Generator
    ) -> IntArray:
        del wanted, admits, rng
        return measured.rows[:0]


def tpe() -> Sampled:
    """Tree-structured Parzen estimator (Bergstra et al. 2011)."""
    return Sampled(lambda seed: TPESampler(seed=seed, n_startup_trials=STARTUP))


def nsga2() -> Sampled:
    """NSGA-II (Deb et al. 2002)."""
    return Sampled(lambda seed: NSGAIISampler(seed=seed, population_size=NSGA_POPULATION))


def nsga3() -> Sampled:
    """NSGA-III (Deb and Jain 2014)."""

    def make(seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # nothing of it is handed on
            return NSGAIIISampler(seed=seed, population_size=NSGA_POPULATION)

    return Sampled(make)


def uniform() -> Sampled:
    """Every gene uniform: what the others have to beat."""
    return Sampled(lambda seed: RandomSampler(seed=seed))


def random_rows(
    space: SearchSpace, wanted: int, admits: Admits, rng: np.random.Generator
) -> IntArray:
    """Up to `wanted` different random rows that `admits`."""
    return first_admitted(lambda count: space.sample(count, rng), wanted, admits)


def first_admitted(draw: Callable[[int], IntArray], wanted: int, admits: Admits) -> IntArray:
    """Rows that `draw` makes (so many at a time) until `wanted` different ones are admitted, or
    fewer where draws hardly bring any."""
    kept = draw(1)[:0]
    for _ in range(_DRAWS):
        if len(kept) >= wanted:
            break
        rows = draw(max(4 * wanted, 32))
        kept = distinct(np.concatenate([kept, rows[admits(rows)]]))
    return kept[:wanted]


def distinct(rows: IntArray) -> IntArray:
    """Without repetitions, in the order of first appearance."""
    first: dict[bytes, int] = {}
    for i, row in enumerate(np.ascontiguousarray(rows)):
        first.setdefault(row.tobytes(), i)
    return rows[list(first.values())]
