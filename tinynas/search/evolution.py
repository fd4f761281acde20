"""Evolution as MCUNet publishes it (arXiv:2007.10319, section 4): the best are parents, half of
their children cross two of them, half mutate one (each gene with probability 0.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from optuna.samplers import BaseSampler, RandomSampler

from tinynas.search.proposals import Admits, IntArray, Measured, first_admitted, random_rows
from tinynas.spaces import SearchSpace

POPULATION, PARENTS, MUTATION = 100, 20, 0.1
"""As published, for 30 generations of 100."""
_FIRST_SHARE = 4
"""A search of few evaluations starts with one in so many at random, not with 100."""


@dataclass(frozen=True)
class Evolution:
    """Parents are the best of everything measured, so none of them is ever lost.

    `evaluations` is the length of the search: below 400 the population shrinks with it, parents
    in proportion.
    """

    space: SearchSpace
    evaluations: int

    @property
    def population(self) -> int:
        return max(4, min(POPULATION, self.evaluations // _FIRST_SHARE))

    @property
    def parents(self) -> int:
        return max(2, self.population * PARENTS // POPULATION)

    def sampler(self, seed: int) -> BaseSampler:
        return RandomSampler(seed=seed)

    def breed(
        self, measured: Measured, wanted: int, admits: Admits, rng: np.random.Generator
    ) -> IntArray:
        """Random until the first population is whole, then children."""
        missing = self.population - len(measured)
        if missing > 0:
            return random_rows(self.space, min(wanted, missing), admits, rng)
        parents = measured.best(self.parents)

        def draw(count: int) -> IntArray:
            return children(self.space, parents, count, rng)

        return first_admitted(draw, wanted, admits)


def children(
    space: SearchSpace, parents: IntArray, count: int, rng: np.random.Generator
) -> IntArray:
    """`count` canonical rows, crossings and mutations by turns."""
    crossed = crossover(parents, -(-count // 2), rng)
    mutated = mutate(space, parents, count // 2, rng)
    rows = np.empty((count, parents.shape[1]), dtype=np.int64)
    rows[0::2], rows[1::2] = crossed, mutated
    return space.canonical(rows)


def crossover(parents: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """Every gene from one of two random parents."""
    first, second = (parents[rng.integers(len(parents), size=count)] for _ in range(2))
    return np.where(rng.random(first.shape) < 0.5, first, second)


def mutate(
    space: SearchSpace,
    parents: IntArray,
    count: int,
    rng: np.random.Generator,
    probability: float = MUTATION,
) -> IntArray:
    """Random parents, each gene drawn anew with `probability`."""
    choices = np.array([len(gene.choices) for gene in space.genes])
    rows = parents[rng.integers(len(parents), size=count)]
    drawn = rng.integers(0, choices, size=rows.shape)
    return np.where(rng.random(rows.shape) < probability, drawn, rows)
