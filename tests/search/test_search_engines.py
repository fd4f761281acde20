"""The contract that every search engine passes, and what each adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, get_args

import numpy as np
import optuna
import pytest

from tinynas.devices import Budget, load_device
from tinynas.errors import CancelledError, InvalidInputError
from tinynas.objectives import ENGINES, EngineName
from tinynas.progress import Event, Reporter
from tinynas.search import Feasibility, Plan, SearchOutcome, SearchPlan, search
from tinynas.search.evolution import Evolution, children, crossover, mutate
from tinynas.search.predicted import PredictedEvolution, Ridge, one_hot
from tinynas.search.proposals import Measured, distinct, random_rows
from tinynas.spaces import Architecture, Subspace, load_space

SPACE = load_space("tiny")
SUBSPACE = Subspace(SPACE, 0.25, 16)
BUDGET = Budget(16 << 10, 40 << 10)
DEVICE = load_device("stm32f411xe")


class Remembering(Feasibility):
    """Plans every network once, however many searches of these tests find it."""

    _plans: ClassVar[dict[tuple[int, ...], Plan]] = {}

    def plan(self, architecture: Architecture) -> Plan:
        if architecture.row not in self._plans:
            self._plans[architecture.row] = super().plan(architecture)
        return self._plans[architecture.row]


FEASIBILITY = Remembering(SUBSPACE, 10, 1, BUDGET, DEVICE, "layer")


class Additive:
    """Accuracy is a fixed random sum over choices, with a little that no sum explains."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self._gains = rng.normal(size=one_hot(SPACE, np.array([SPACE.largest.row])).shape[1])
        self.asked: list[Architecture] = []

    def of(self, rows: np.ndarray) -> np.ndarray:
        wiggle = np.sin(rows @ np.arange(rows.shape[1]))
        return 0.7 + 0.01 * (one_hot(SPACE, rows) @ self._gains) + 0.002 * wiggle

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        self.asked += architectures
        rows = np.array([a.row for a in architectures]).reshape(-1, len(SPACE.genes))
        return [float(v) for v in self.of(rows)]

    def close(self) -> None:
        pass


def found(
    engine: str,
    *,
    evaluations: int = 24,
    seed: int = 0,
    storage: Path | str | None = None,
    evaluator: Additive | None = None,
    reporter: Reporter | None = None,
    objectives: tuple[str, ...] = ("accuracy",),
) -> SearchOutcome:
    plan = SearchPlan(evaluations, seed, engine, objectives, storage)
    evaluator, reporter = evaluator or Additive(), reporter or Reporter()
    return search(SUBSPACE, FEASIBILITY, evaluator, plan, reporter=reporter)


class Interrupted(Exception):
    pass


class Failing(Additive):
    """Dies in the midst of the search."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        if len(self.asked) >= self._after:
            raise Interrupted
        return super().evaluate(architectures)


@pytest.mark.parametrize("engine", ENGINES)
class TestEveryEngine:
    def test_measures_what_fits_once(self, engine: str) -> None:
        evaluator = Additive()
        outcome = found(engine, evaluator=evaluator)
        rows = [c.architecture.row for c in outcome.candidates]
        assert len(set(rows)) == len(rows) == len(evaluator.asked) == 24
        for candidate in outcome.candidates:
            assert candidate.cost.sram_bytes <= BUDGET.sram_bytes
            assert candidate.cost.flash_bytes <= BUDGET.flash_bytes

    def test_follows_its_seed(self, engine: str) -> None:
        first = found(engine)
        assert first.candidates == found(engine).candidates
        assert first.candidates != found(engine, seed=1).candidates

    def test_goes_on_as_if_it_had_not_been_interrupted(self, engine: str, tmp_path: Path) -> None:
        whole = found(engine)
        storage = tmp_path / "study.journal"
        with pytest.raises(Interrupted):
            found(engine, storage=storage, evaluator=Failing(after=10))
        rest = Additive()
        resumed = found(engine, storage=storage, evaluator=rest)
        assert resumed == whole
        assert 0 < len(rest.asked) < 24

    def test_a_finished_search_is_only_read(self, engine: str, tmp_path: Path) -> None:
        storage = tmp_path / "study.journal"
        whole = found(engine, storage=storage)
        idle = Additive()
        assert found(engine, storage=storage, evaluator=idle) == whole
        assert idle.asked == []


@pytest.mark.parametrize("engine", ["tpe", "evolution", "predicted"])
def test_learning_beats_chance(engine: str) -> None:
    """Over three seeds; a single one may be lucky either way."""
    best = [
        np.mean([found(name, evaluations=40, seed=s).best.accuracy for s in range(3)])
        for name in (engine, "random")
    ]
    assert best[0] > best[1]


def test_a_stored_study_opens_in_optuna(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    outcome = found("tpe", storage=url)
    (summary,) = optuna.get_all_study_summaries(url)
    study = optuna.load_study(study_name=summary.study_name, storage=url)
    assert study.best_value == outcome.best.accuracy
    complete = [t for t in study.trials if t.state is optuna.trial.TrialState.COMPLETE]
    assert len(complete) == len(outcome.candidates) + outcome.repeated
    assert all(t.constraints["sram"] <= 0 for t in complete if "sram" in t.constraints)


def test_another_search_is_not_resumed(tmp_path: Path) -> None:
    storage = tmp_path / "study.journal"
    found("random", storage=storage)
    other = Additive()
    found("random", storage=storage, evaluator=other, seed=3)
    assert len(other.asked) == 24


def test_cancelling_keeps_whole_rounds(tmp_path: Path) -> None:
    storage = tmp_path / "study.journal"
    told: list[Event] = []
    reporter = Reporter("search", told.append, lambda: any(e.kind == "progress" for e in told))
    with pytest.raises(CancelledError):
        found("evolution", storage=storage, reporter=reporter)
    rest = Additive()
    found("evolution", storage=storage, evaluator=rest)
    assert 0 < len(rest.asked) < 24


@pytest.mark.parametrize("engine", [name for name, several in ENGINES.items() if several])
def test_several_objectives(engine: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    outcome = found(engine, objectives=("accuracy", "sram", "latency"), storage=url)
    assert len(outcome.candidates) == 24
    (summary,) = optuna.get_all_study_summaries(url)
    study = optuna.load_study(study_name=summary.study_name, storage=url)
    named = {(c.accuracy, c.objective("sram"), c.objective("latency")) for c in outcome.candidates}
    assert {tuple(t.values) for t in study.best_trials} <= named


@pytest.mark.parametrize(
    ("engine", "objectives", "field"),
    [
        ("annealing", ("accuracy",), "engine"),
        ("evolution", ("accuracy", "macs"), "engine"),
        ("tpe", ("macs",), "objectives"),
        ("tpe", ("accuracy", "accuracy"), "objectives"),
        ("nsga2", ("accuracy", "speed"), "objectives"),
        ("nsga2", (), "objectives"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    engine: str, objectives: tuple[str, ...], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        found(engine, objectives=objectives)
    assert caught.value.field == field
    assert caught.value.allowed


def everything(rows: np.ndarray) -> np.ndarray:
    return np.ones(len(rows), dtype=np.bool_)


def measured(count: int, seed: int = 0) -> Measured:
    rows = distinct(SPACE.sample(count, np.random.default_rng(seed)))
    return Measured(rows, Additive().of(rows))


def test_evolution_has_the_published_sizes_where_there_is_room() -> None:
    evolution = Evolution(SPACE, 3000)
    assert (evolution.population, evolution.parents) == (100, 20)
    small = Evolution(SPACE, 64)
    assert (small.population, small.parents) == (16, 3)


def test_children_come_from_the_parents() -> None:
    rng = np.random.default_rng(0)
    parents = SPACE.sample(5, rng)
    crossed = crossover(parents, 200, rng)
    assert all((crossed[:, g, None] == parents[:, g]).any(1).all() for g in range(parents.shape[1]))
    mutated = mutate(SPACE, parents[:1], 2000, rng)
    searched = [g for g, gene in enumerate(SPACE.genes) if len(gene.choices) == 3]
    changed = (mutated != parents[0])[:, searched].mean()
    assert changed == pytest.approx(0.1 * 2 / 3, abs=0.01)  # a third is drawn as it was
    for row in children(SPACE, parents, 50, rng):
        Architecture(SPACE, tuple(int(v) for v in row))  # canonical, or it raises


def test_evolution_keeps_to_what_is_admitted() -> None:
    known = measured(40)

    def odd(rows: np.ndarray) -> np.ndarray:
        return rows.sum(axis=1) % 2 == 1

    rows = Evolution(SPACE, 64).breed(known, 20, odd, np.random.default_rng(1))
    assert len(rows) == 20 == len(distinct(rows))
    assert odd(rows).all()
    nothing = Evolution(SPACE, 64).breed(
        known, 20, lambda r: np.zeros(len(r), np.bool_), np.random.default_rng(1)
    )
    assert len(nothing) == 0


def test_the_predictor_ranks_what_it_has_not_seen() -> None:
    predictor, unseen = Ridge.fit(SPACE, measured(150)), SPACE.sample(400, np.random.default_rng(9))
    assert np.corrcoef(predictor(unseen), Additive().of(unseen))[0, 1] > 0.9


def test_the_penalty_is_the_one_that_leaving_out_favours() -> None:
    """By brute force: fit without each in turn."""
    data = measured(30)
    chosen = Ridge.fit(SPACE, data)
    features = one_hot(SPACE, data.rows)

    def error(penalty: float) -> float:
        total = 0.0
        for i in range(len(data)):
            keep = np.arange(len(data)) != i
            x, y = features[keep], data.accuracies[keep]
            centred = x - x.mean(0)
            gram = centred.T @ centred + penalty * np.eye(x.shape[1])
            weights = np.linalg.solve(gram, centred.T @ (y - y.mean()))
            predicted = (features[i] - x.mean(0)) @ weights + y.mean()
            total += (predicted - data.accuracies[i]) ** 2
        return total

    penalties = [10.0**e for e in np.arange(-2, 3.5, 0.5)]
    assert chosen.penalty == pytest.approx(min(penalties, key=error))


def test_absent_blocks_have_no_say() -> None:
    rows = SPACE.sample(200, np.random.default_rng(2))
    features = one_hot(SPACE, rows)
    blocks = sum(np.asarray(s.depths)[rows[:, o]] for o, s in _stages())
    assert (features.sum(axis=1) == len(SPACE.stages) + 2 * blocks).all()


def _stages():
    return zip(SPACE.stage_offsets(), SPACE.stages, strict=True)


def test_predicted_evolution_finds_better_than_it_was_shown() -> None:
    known = measured(60)
    rows = PredictedEvolution(SPACE, 90).breed(known, 8, everything, np.random.default_rng(0))
    assert len(distinct(rows)) == 8
    assert np.median(Additive().of(rows)) > known.accuracies.max()


def test_many_are_judged_as_one_is() -> None:
    tight = Feasibility(SUBSPACE, 10, 1, Budget(4 << 10, 34 << 10), DEVICE, "all")
    rows = random_rows(SPACE, 60, everything, np.random.default_rng(3))
    fits = [tight.check(a).fits for a in Architecture.of_rows(SPACE, rows)]
    assert tight.fitting(rows).tolist() == fits
    assert 0 < sum(fits) < len(fits)
    assert len(tight.fitting(rows[:0])) == 0


def test_the_engines_that_requests_name_are_all_there_are() -> None:
    assert get_args(EngineName) == tuple(ENGINES)
