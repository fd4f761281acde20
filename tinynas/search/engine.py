"""Stage 2: architecture and schedule together, under the budget (MCUNet, arXiv:2007.10319, 3.2).

An engine proposes, the cost model refuses what does not fit before any image is seen, the evaluator
measures the rest.  Proposals are asked for, and results told, in rounds of a fixed size in a fixed
order, so what is found depends on the seed and not on how many processes measure, nor on whether
the search was interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from tinynas.cost import check_timings
from tinynas.errors import TinynasError
from tinynas.objectives import ACCURACY, DEFAULT_ENGINE, OBJECTIVES, check_engine
from tinynas.progress import Reporter
from tinynas.search.candidate import Candidate, pareto_front
from tinynas.search.engines import make_proposer
from tinynas.search.evaluator import Evaluator
from tinynas.search.feasibility import Feasibility, Plan
from tinynas.search.proposals import BATCH, IntArray, Measured
from tinynas.search.refusals import Refusals
from tinynas.search.study import Study
from tinynas.spaces import Architecture, SearchSpace, Subspace

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


@dataclass(frozen=True)
class SearchPlan:
    """How to search.

    engine: one of `tinynas.objectives.ENGINES`.
    objectives: `accuracy`, then any others of `tinynas.objectives.OBJECTIVES`; an engine of
        several spreads its proposals along their front.
    storage: where the study is kept (a file or a data base URL), to be resumed and looked at.
    identity: whatever decides the accuracies (supernet, data): another search is not resumed.
    """

    evaluations: int
    seed: int = 0
    engine: str = DEFAULT_ENGINE
    objectives: tuple[str, ...] = ACCURACY
    storage: Path | str | None = None
    identity: str = ""


def search(
    subspace: Subspace,
    feasibility: Feasibility,
    evaluator: Evaluator,
    plan: SearchPlan,
    *,
    reporter: Reporter,
) -> SearchOutcome:
    """Measure `plan.evaluations` different networks that fit.

    Raises:
        InvalidInputError: no such engine, or it does not take the objectives; latency for a core
            that there are no timings of.
        TinynasError: no proposal fitted the budget.
        CancelledError: the reporter was told to stop; whole rounds are stored.
    """
    engine = _Engine(subspace, feasibility, evaluator, plan, reporter)
    wanted = plan.evaluations
    while len(engine.candidates) < wanted and engine.asked < wanted * ASKS_PER_EVALUATION:
        reporter.raise_if_cancelled()
        engine.round(min(BATCH, wanted - len(engine.candidates)))
        reporter.emit("refusals", **engine.turned_away())
        reporter.progress(len(engine.candidates), wanted, "evaluations")
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
        plan: SearchPlan,
        reporter: Reporter,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = subspace.space
        self._feasibility = feasibility
        self._evaluator = evaluator
        self._reporter = reporter
        self._plan = plan
        check_engine(plan.engine, plan.objectives)
        self._proposer = make_proposer(plan.engine, self._space, plan.evaluations)
        self._known: dict[tuple[int, ...], Candidate] = {}
        self.candidates: list[Candidate] = []
        self.asked = self.refused = self.repeated = 0
        budget = feasibility.budget
        if budget.latency_ms is not None or "latency" in plan.objectives:
            check_timings(feasibility.device.core)
        self._refusals = Refusals(
            {
                "sram": budget.sram_bytes,
                "flash": budget.flash_bytes,
                "macs": budget.macs or 1,
                "latency": budget.latency_ms or 1,
            }
        )
        directions = [OBJECTIVES[name] for name in plan.objectives]
        self._study = Study(plan.storage, self._name(), directions)
        self._recall()

    def _name(self) -> str:
        """Of the study: what it is about and a digest of all that decides it."""
        plan, given = self._plan, self._feasibility
        decides = (
            *(plan.evaluations, plan.seed, plan.engine, plan.objectives, plan.identity),
            *(given.subspace, given.classes, given.input_channels, given.budget, given.device),
            *(given.schedules, given.compiler),
        )
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()[:12]
        return f"{given.subspace.space.name} on {given.device.name} by {plan.engine} ({digest})"

    def _recall(self) -> None:
        """Take up what the study holds, as if it had been found now."""
        for trial in self._study.trials:
            self.asked += 1
            architecture = _architecture(trial, self._space)
            if architecture.row in self._known:
                self.repeated += 1
            elif trial.state is TrialState.PRUNED:
                self.refused += 1
                self._refusals.add(architecture, self._feasibility.check(architecture))
            else:
                self._add(self._feasibility.plan(architecture), trial.user_attrs["accuracy"])

    def turned_away(self) -> dict[str, Any]:
        """How many were proposed, refused and repeated so far, and why they were refused."""
        counts = {"asked": self.asked, "refused": self.refused, "repeated": self.repeated}
        return counts | self._refusals.to_json()

    def round(self, wanted: int) -> None:
        """Ask for up to `wanted` new networks that fit, measure them, tell the engine."""
        fresh: dict[tuple[int, ...], Plan] = {}
        waiting: list[tuple[optuna.Trial, tuple[int, ...]]] = []
        given = self._given(wanted)
        for i in range(BATCH * 4):
            trial = self._study.ask(_parameters(self._space, given[i]) if i < len(given) else None)
            self.asked += 1
            architecture = _architecture(trial, self._space)
            if architecture.row in self._known or architecture.row in fresh:
                self.repeated += 1
                waiting.append((trial, architecture.row))
                continue
            if self._refuses(trial, architecture):
                continue
            fresh[architecture.row] = self._feasibility.plan(architecture)
            waiting.append((trial, architecture.row))
            if len(fresh) == wanted:
                break
        self._measure(list(fresh.values()))
        for trial, row in waiting:
            found = self._known[row]
            trial.set_user_attr("accuracy", found.accuracy)
            self._study.memory.tell(trial, [found.objective(n) for n in self._plan.objectives])
        self._study.end_round()

    def _given(self, wanted: int) -> IntArray:
        """What this round asks for before its sampler is asked: the extremes first of all."""
        seed = [self._plan.seed, self._study.rounds]
        self._study.memory.sampler = self._proposer.sampler(_seed(seed))
        if self._study.rounds == 0:
            return np.array([self._space.largest.row, self._space.smallest.row])
        measured = Measured(
            np.array([c.architecture.row for c in self.candidates], np.int64).reshape(
                -1, len(self._space.genes)
            ),
            np.array([c.accuracy for c in self.candidates]),
        )
        return self._proposer.breed(measured, wanted, self._admits, np.random.default_rng(seed))

    def _admits(self, rows: IntArray) -> np.ndarray:
        """Which rows fit and are new."""
        new = np.array([tuple(row) not in self._known for row in rows.tolist()], dtype=np.bool_)
        new[new] = self._feasibility.fitting(rows[new])
        return new

    def _refuses(self, trial: optuna.Trial, architecture: Architecture) -> bool:
        """Whether it does not fit; says so to the sampler by how much."""
        fit = self._feasibility.check(architecture)
        trial.set_constraint("sram", float(fit.sram_excess))
        trial.set_constraint("flash", float(fit.flash_excess))
        trial.set_constraint("macs", float(fit.macs_excess))
        trial.set_constraint("latency", fit.latency_excess)
        if fit.fits:
            return False
        self.refused += 1
        self._refusals.add(architecture, fit)
        self._study.memory.tell(trial, state=TrialState.PRUNED)
        return True

    def _measure(self, plans: Sequence[Plan]) -> None:
        accuracies = self._evaluator.evaluate([plan.architecture for plan in plans])
        for plan, accuracy in zip(plans, accuracies, strict=True):
            self._add(plan, accuracy)

    def _add(self, plan: Plan, accuracy: float) -> None:
        candidate = Candidate(
            len(self.candidates),
            plan.architecture,
            plan.schedule,
            plan.cost,
            plan.macs,
            accuracy,
            self._feasibility.subspace.resolution_of(plan.architecture),
            plan.latency_ms,
        )
        self._known[plan.architecture.row] = candidate
        self.candidates.append(candidate)
        front = pareto_front(self.candidates)
        self._reporter.emit("candidate", **candidate.to_json(pareto=bool(front[-1])))


def _seed(parts: Sequence[int]) -> int:
    """One number for a sampler out of the search's seed and the round."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _parameters(space: SearchSpace, row: IntArray) -> dict[str, int]:
    return {gene.name: int(v) for gene, v in zip(space.genes, row, strict=True)}


def _architecture(
    trial: optuna.Trial | optuna.trial.FrozenTrial, space: SearchSpace
) -> Architecture:
    """An architecture out of the trial's choices; absent blocks are not asked about."""
    row = np.zeros((1, len(space.genes)), dtype=np.int64)
    for offset, stage in zip(space.stage_offsets(), space.stages, strict=True):
        row[0, offset] = _choose(trial, space, offset)
        for index in range(3 * stage.depths[row[0, offset]]):
            gene = offset + 1 + index
            row[0, gene] = _choose(trial, space, gene)
    if space.searched_resolutions:
        row[0, -1] = _choose(trial, space, len(space.genes) - 1)
    return Architecture.of_rows(space, row)[0]


def _choose(trial: optuna.Trial | optuna.trial.FrozenTrial, space: SearchSpace, index: int) -> int:
    gene = space.genes[index]
    if len(gene.choices) == 1:
        return 0
    return trial.suggest_int(gene.name, 0, len(gene.choices) - 1)
