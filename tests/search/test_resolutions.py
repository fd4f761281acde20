"""Resolution as a choice of every network: rows, costs, training, measurement, search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinynas.data import Dataset, load_dataset
from tinynas.devices import Budget, load_device
from tinynas.errors import InvalidInputError
from tinynas.objectives import ENGINES
from tinynas.progress import Event, Reporter
from tinynas.request import MAX_RESOLUTIONS, JobRequest, parse_resolutions
from tinynas.search import (
    EvaluationTask,
    Feasibility,
    LocalEvaluator,
    SearchPlan,
    remembering,
    search,
)
from tinynas.spaces import Architecture, Subspace, load_space, network_of
from tinynas.supernet import (
    Supernet,
    SupernetCard,
    TrainingPlan,
    load_supernet,
    save_supernet,
    train_supernet,
    weights_hash,
)
from tinynas.supernet.batches import Batches

TINY = load_space("tiny")
SPACE = TINY.with_resolutions((24, 16))
SUBSPACE = Subspace(SPACE, 0.25, 24)
DEVICE = load_device("stm32f411xe")
BUDGET = Budget(64 << 10, 512 << 10)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def feasibility(subspace: Subspace, budget: Budget = BUDGET) -> Feasibility:
    return Feasibility(subspace, 10, 1, budget, DEVICE, "all")


def rows(count: int = 60) -> np.ndarray:
    return SPACE.sample(count, np.random.default_rng(0))


def test_it_is_one_gene_more() -> None:
    assert SPACE.genes[:-1] == TINY.genes
    assert (SPACE.genes[-1].name, SPACE.genes[-1].choices) == ("resolution", (16, 24))
    assert TINY.with_resolutions([24]) == TINY
    assert set(rows()[:, -1]) == {0, 1}
    assert (SPACE.smallest.resolution, SPACE.largest.resolution) == (16, 24)
    assert TINY.largest.resolution is None
    assert SPACE.largest.at(16).row[:-1] == SPACE.largest.row[:-1]
    assert TINY.largest.at(16) == TINY.largest


def test_json_tells_it_and_blocks_stay_readable() -> None:
    for architecture in Architecture.of_rows(SPACE, rows(8)):
        told = architecture.to_json()
        assert told["resolution"] == architecture.resolution
        assert Architecture.from_json(SPACE, told) == architecture
        plain = Architecture.from_json(TINY, told)
        assert plain.row == architecture.row[:-1]
        assert architecture.resolution is not None
        fixed = Subspace(TINY, 0.25, architecture.resolution)
        task = {"classes": 10, "input_channels": 1}
        assert network_of(SUBSPACE, architecture, **task) == network_of(fixed, plain, **task)
    with pytest.raises(InvalidInputError, match="resolution is 17"):
        Architecture.from_json(SPACE, told | {"resolution": 17})


def test_costs_are_those_at_each_resolution() -> None:
    many = rows()
    tight = replace(BUDGET, sram_bytes=1)
    over = [
        feasibility(SUBSPACE, tight).check(a).sram_excess for a in Architecture.of_rows(SPACE, many)
    ]
    budget = replace(BUDGET, sram_bytes=1 + int(np.median(over)))  # so that about half of them fit
    both = feasibility(SUBSPACE, budget)
    fits = both.fitting(many)
    assert 0 < fits.sum() < len(many)
    for place, resolution in enumerate((16, 24)):
        alone = feasibility(Subspace(TINY, 0.25, resolution), budget)
        own = many[:, -1] == place
        assert fits[own].tolist() == alone.fitting(many[own][:, :-1]).tolist()
        (first, *_) = Architecture.of_rows(SPACE, many[own & fits])
        (plain,) = Architecture.of_rows(TINY, np.array([first.row[:-1]]))
        assert both.check(first) == alone.check(plain)
        assert both.plan(first).cost == alone.plan(plain).cost
        assert both.plan(first).macs == alone.plan(plain).macs


def test_batches_have_all_of_them_in_the_same_order(digits: Dataset) -> None:
    first, second = (Batches(digits, 8, 3, (16, 24)) for _ in range(2))
    sizes = [first(step)[0].shape[-1] for step in range(20)]
    assert set(sizes) == {16, 24}
    assert [second(step)[0].shape[-1] for step in reversed(range(20))] == sizes[::-1]


def test_a_supernet_learns_at_each_and_keeps_them_on_its_card(
    digits: Dataset, tmp_path: Path
) -> None:
    plan = TrainingPlan(96, batch_size=16, threads=1)
    nets = [Supernet(s, 10, 1) for s in (SUBSPACE, Subspace(TINY, 0.25, 24))]
    for net in nets:
        train_supernet(net, digits, plan, watched=False)
    assert weights_hash(nets[0]) != weights_hash(nets[1])
    card = SupernetCard(
        *("tiny", 0.25, 24, digits.classes, 1, "digits", 96, 0), resolutions=(16, 24)
    )
    save_supernet(nets[0], card, tmp_path / "two.safetensors")
    read, found = load_supernet(tmp_path / "two.safetensors")
    assert found == card
    assert read.subspace == SUBSPACE
    assert read.network(SPACE.smallest).resolution == 16


def test_networks_are_measured_at_their_own(digits: Dataset, tmp_path: Path) -> None:
    net = Supernet(SUBSPACE, 10, 1)
    train_supernet(net, digits, TrainingPlan(256, batch_size=16, threads=1), watched=False)
    task = EvaluationTask(net, digits.calibration_images(64), digits.validation)
    pair = [SPACE.largest, SPACE.largest.at(16)]
    found = remembering(LocalEvaluator, tmp_path / "known.jsonl")(task).evaluate(pair)
    for architecture, accuracy in zip(pair, found, strict=True):
        resized = digits.at(net.network(architecture).resolution)
        alone = EvaluationTask(net, resized.calibration_images(64), resized.validation)
        assert alone.measure(architecture) == accuracy
    # A search that has fewer of them to choose from means another one by the same number.
    fewer = Supernet(Subspace(TINY.with_resolutions((24, 32)), 0.25, 32), 10, 1)
    fewer.load_state_dict(net.state_dict())
    other = replace(task, supernet=fewer)
    again = remembering(LocalEvaluator, tmp_path / "known.jsonl")(other)
    architecture = fewer.subspace.space.largest.at(24)
    assert again.evaluate([architecture]) == [found[0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_chooses_among_them(engine: str) -> None:
    class Sizes:
        """The larger image and the more MACs are the better."""

        def evaluate(self, architectures: list[Architecture]) -> list[float]:
            return [(a.resolution or 0) / 100 + sum(a.row) / 1e4 for a in architectures]

        def close(self) -> None:
            """Nothing is held."""

    events: list[Event] = []
    outcome = search(
        SUBSPACE,
        feasibility(SUBSPACE),
        Sizes(),
        SearchPlan(24, engine=engine),
        reporter=Reporter("search", events.append),
    )
    assert {c.resolution for c in outcome.candidates} == {16, 24}
    assert outcome.best.resolution == 24
    told = [e.data["resolution"] for e in events if e.kind == "candidate"]
    assert told == [c.resolution for c in outcome.candidates]


@pytest.mark.parametrize(
    "given", ["", "48,", "48,x", "48;64", [48, 48], [0], [], [True], 48, list(range(1, 12))]
)
def test_what_is_no_list_of_resolutions_is_refused(given: object) -> None:
    with pytest.raises(InvalidInputError, match=f"1 to {MAX_RESOLUTIONS} different") as raised:
        parse_resolutions(given)
    assert raised.value.field == "resolutions"


def test_those_of_a_request() -> None:
    assert parse_resolutions("64, 48") == parse_resolutions([48, 64]) == (48, 64)
    request = JobRequest("digits", "stm32f411xe")
    assert request.resolutions_for(8) == (16, 24, 32)
    assert replace(request, resolutions=(48,)).resolutions_for(8) == (48,)
    asked = replace(request, resolutions=(20, 24))
    assert JobRequest.from_json(asked.to_json()) == asked
    with pytest.raises(InvalidInputError, match="none of 20 pixels") as raised:
        asked.resolutions_for(8)
    assert raised.value.allowed == [16, 24, 32, 40, 48, 64]
