"""Stage 2: architecture and schedule together, under the budget (MCUNet, arXiv:2007.10319, 3.2).

Optuna proposes, the cost model refuses what does not fit before any image is seen, the evaluator
measures the rest.  Proposals are asked for, and results told, in batches of a fixed size in a fixed
order, so what is found depends on the seed and not on how many processes measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from tinynas.errors import TinynasError
from tinynas.progress import Reporter
from tinynas.search.candidate import Candidate, pareto_front
from tinynas.search.evaluator import Evaluator
from tinynas.search.feasibility import Feasibility, Plan
from tinynas.search.refusals import Refusals
from tinynas.spaces import Architecture, SearchSpace, Subspace

BATCH = 8
"""Trials asked for before any of them is told: a constant, whatever the number of actors."""
ASKS_PER_EVALUATION = 20
"""Proposals for each network wanted, after which the search ends with what it has."""


@dataclass(frozen=True)
class SearchOutcome:
    """All measured candidates in the order of measurement, and how many proposals did not fit.

    `refusals` says why not, as `Refusals.to_json` gives it.
    """

    candidates: tuple[Candidate, ...]
    refused: int
    repeated: int
    refusals: dict[str, Any]

    @property
    def best(self) -> Candidate:
        """The most accurate; the cheaper to compute of equals."""
        return max(
            self.candidates,
            key=lambda c: (c.accuracy, -c.macs - c.schedule.recomputed_macs, -c.id),
        )


def search(
    subspace: Subspace,
    feasibility: Feasibility,
    evaluator: Evaluator,
    *,
    evaluations: int,
    seed: int,
    reporter: Reporter,
) -> SearchOutcome:
    """Measure `evaluations` different networks that fit, chosen by the TPE sampler.

    Raises:
        TinynasError: no proposal fitted the budget.
    """
    engine = _Engine(subspace, feasibility, evaluator, seed, reporter)
    while len(engine.candidates) < evaluations and engine.asked < evaluations * ASKS_PER_EVALUATION:
        engine.round(min(BATCH, evaluations - len(engine.candidates)))
        reporter.emit("refusals", **engine.turned_away())
        reporter.progress(len(engine.candidates), evaluations, "evaluations")
    if not engine.candidates:
        raise TinynasError(
            f"search: none of {engine.asked} proposed networks fits the budget; "
            "raise the budget or the number of evaluations"
        )
    return SearchOutcome(
        tuple(engine.candidates), engine.refused, engine.repeated, engine.turned_away()
    )


class _Engine:
    """The state of one search."""

    def __init__(
        self,
        subspace: Subspace,
        feasibility: Feasibility,
        evaluator: Evaluator,
        seed: int,
        reporter: Reporter,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = subspace.space
        self._feasibility = feasibility
        self._evaluator = evaluator
        self._reporter = reporter
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=2 * BATCH)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        for extreme in (self._space.largest, self._space.smallest):
            self._study.enqueue_trial(_parameters(extreme))
        self._known: dict[tuple[int, ...], float] = {}
        self.candidates: list[Candidate] = []
        self.asked = self.refused = self.repeated = 0
        budget = feasibility.budget
        self._refusals = Refusals(
            {
                "sram": budget.sram_bytes,
                "flash": budget.flash_bytes,
                "macs": budget.macs or 1,
            }
        )

    def turned_away(self) -> dict[str, Any]:
        """How many were proposed, refused and repeated so far, and why they were refused."""
        counts = {"asked": self.asked, "refused": self.refused, "repeated": self.repeated}
        return counts | self._refusals.to_json()

    def round(self, wanted: int) -> None:
        """Ask for up to `wanted` new networks that fit, measure them, tell the sampler."""
        fresh: dict[tuple[int, ...], Plan] = {}
        waiting: list[tuple[optuna.Trial, tuple[int, ...]]] = []
        for _ in range(BATCH * 4):
            trial = self._study.ask()
            self.asked += 1
            architecture = _propose(trial, self._space)
            if architecture.row in self._known or architecture.row in fresh:
                self.repeated += 1
                waiting.append((trial, architecture.row))
                continue
            fit = self._feasibility.check(architecture)
            trial.set_constraint("sram", float(fit.sram_excess))
            trial.set_constraint("flash", float(fit.flash_excess))
            trial.set_constraint("macs", float(fit.macs_excess))
            if not fit.fits:
                self.refused += 1
                self._refusals.add(architecture, fit)
                self._study.tell(trial, state=TrialState.PRUNED)
                continue
            fresh[architecture.row] = self._feasibility.plan(architecture)
            waiting.append((trial, architecture.row))
            if len(fresh) == wanted:
                break
        self._measure(list(fresh.values()))
        for trial, row in waiting:
            self._study.tell(trial, self._known[row])

    def _measure(self, plans: Sequence[Plan]) -> None:
        accuracies = self._evaluator.evaluate([plan.architecture for plan in plans])
        for plan, accuracy in zip(plans, accuracies, strict=True):
            self._known[plan.architecture.row] = accuracy
            candidate = Candidate(
                len(self.candidates),
                plan.architecture,
                plan.schedule,
                plan.cost,
                plan.macs,
                accuracy,
            )
            self.candidates.append(candidate)
            front = pareto_front(self.candidates)
            self._reporter.emit("candidate", **candidate.to_json(pareto=bool(front[-1])))


def _parameters(architecture: Architecture) -> dict[str, int]:
    return {
        gene.name: value
        for gene, value in zip(architecture.space.genes, architecture.row, strict=True)
    }


def _propose(trial: optuna.Trial, space: SearchSpace) -> Architecture:
    """An architecture out of the trial's choices; absent blocks are not asked about."""
    row = np.zeros((1, len(space.genes)), dtype=np.int64)
    for offset, stage in zip(space.stage_offsets(), space.stages, strict=True):
        row[0, offset] = _choose(trial, space, offset)
        for index in range(3 * stage.depths[row[0, offset]]):
            gene = offset + 1 + index
            row[0, gene] = _choose(trial, space, gene)
    return Architecture.of_rows(space, row)[0]


def _choose(trial: optuna.Trial, space: SearchSpace, index: int) -> int:
    gene = space.genes[index]
    if len(gene.choices) == 1:
        return 0
    return trial.suggest_int(gene.name, 0, len(gene.choices) - 1)
