"""Predictor-assisted evolution: tens of thousands of networks are predicted, the best measured.

The predictor is ridge regression on one-hot choices: on a handful of measured subnets it ranks as
well as anything larger (a tau of 0.70 from 50 subnets), and it costs nothing to fit anew each
round.  Once-for-all (arXiv:1908.09791, section 3.4) does the same with an MLP from 16,000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, RandomSampler

from tinynas.search.evolution import MUTATION, crossover, mutate
from tinynas.search.proposals import Admits, IntArray, Measured, distinct, random_rows
from tinynas.spaces import SearchSpace

FIRST_SHARE = 3
"""One in so many evaluations is spent on random networks for the predictor to learn from."""
POOL, ELITE, GENERATIONS = 4096, 256, 5
"""Predicted a generation, parents of the next, generations: 20,480 predictions a round."""
EXPLORED = 4
"""One in so many measured is not among the best predicted but drawn from the elite: it is what
corrects a predictor that is wrong."""
_PENALTIES = tuple(10.0**e for e in np.arange(-2, 3.5, 0.5))


@dataclass(frozen=True)
class PredictedEvolution:
    """Evolution on predicted accuracy under the true constraints; see the module."""

    space: SearchSpace
    evaluations: int

    def sampler(self, seed: int) -> BaseSampler:
        return RandomSampler(seed=seed)

    def breed(
        self, measured: Measured, wanted: int, admits: Admits, rng: np.random.Generator
    ) -> IntArray:
        missing = max(4, self.evaluations // FIRST_SHARE) - len(measured)
        if missing > 0:
            return random_rows(self.space, min(wanted, missing), admits, rng)
        predictor = Ridge.fit(self.space, measured)
        elite = self._elite(predictor, measured, admits, rng)
        explored = min(wanted // EXPLORED, max(0, len(elite) - wanted))
        best, rest = elite[: wanted - explored], elite[wanted - explored :]
        return np.concatenate([best, rest[rng.permutation(len(rest))[:explored]]])

    def _elite(
        self, predictor: Ridge, measured: Measured, admits: Admits, rng: np.random.Generator
    ) -> IntArray:
        """Rows that fit and have not been measured, best predicted first."""
        elite = random_rows(self.space, ELITE, admits, rng)
        for _ in range(GENERATIONS):
            parents = np.concatenate([elite[: ELITE // 2], measured.best(ELITE // 8)])
            pool = np.concatenate(
                [
                    crossover(parents, POOL // 2, rng),
                    mutate(self.space, parents, POOL // 2, rng, MUTATION),
                ]
            )
            pool = distinct(np.concatenate([elite, self.space.canonical(pool)]))
            pool = pool[np.argsort(-predictor(pool), kind="stable")]
            elite = _first_fitting(pool, ELITE, admits)
        return elite


def _first_fitting(rows: IntArray, wanted: int, admits: Admits) -> IntArray:
    """The first `wanted` rows that fit; the rest is not looked at."""
    kept: list[IntArray] = []
    found = 0
    for start in range(0, len(rows), 2 * wanted):
        part = rows[start : start + 2 * wanted]
        kept.append(part[admits(part)])
        found += len(kept[-1])
        if found >= wanted:
            break
    return np.concatenate(kept)[:wanted] if kept else rows[:0]


@dataclass(frozen=True)
class Ridge:
    """Accuracy as a sum over choices; `penalty` is chosen by leaving one out."""

    space: SearchSpace
    weights: NDArray[np.float64]
    mean: float
    centre: NDArray[np.float64]
    penalty: float

    @classmethod
    def fit(cls, space: SearchSpace, measured: Measured) -> Ridge:
        """From two measured networks or more."""
        features = one_hot(space, measured.rows)
        centre, mean = features.mean(axis=0), float(measured.accuracies.mean())
        x, y = features - centre, measured.accuracies - mean
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        projected = u.T @ y

        def left_out(penalty: float) -> float:
            """Mean squared error of each from the others (exact for ridge: PRESS)."""
            shrunk = s**2 / (s**2 + penalty)
            leverage = (u**2 @ shrunk) + 1 / len(y)
            residual = (y - u @ (shrunk * projected)) / np.maximum(1 - leverage, 1e-9)
            return float((residual**2).mean())

        penalty = min(_PENALTIES, key=left_out)
        weights = vt.T @ (s / (s**2 + penalty) * projected)
        return cls(space, weights, mean, centre, penalty)

    def __call__(self, rows: IntArray) -> NDArray[np.float64]:
        """Predicted accuracies [N] of canonical rows [N, genes]."""
        return np.asarray((one_hot(self.space, rows) - self.centre) @ self.weights + self.mean)


def one_hot(space: SearchSpace, rows: IntArray) -> NDArray[np.float64]:
    """[N, choices of all genes]; the genes of absent blocks are zero throughout."""
    columns = []
    for gene, values, present in zip(space.genes, rows.T, _present(space, rows).T, strict=True):
        if len(gene.choices) > 1:
            hot = values[:, None] == np.arange(len(gene.choices))
            columns.append(hot & present[:, None])
    return np.concatenate(columns, axis=1).astype(np.float64)


def _present(space: SearchSpace, rows: IntArray) -> NDArray[np.bool_]:
    """Which genes [N, genes] belong to blocks that are there."""
    present = np.ones(rows.shape, dtype=np.bool_)
    for offset, stage in zip(space.stage_offsets(), space.stages, strict=True):
        depth = np.asarray(stage.depths)[rows[:, offset]]
        for b in range(stage.deepest):
            present[:, offset + 1 + 3 * b : offset + 4 + 3 * b] = (depth > b)[:, None]
    return present
