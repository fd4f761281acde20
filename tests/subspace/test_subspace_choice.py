"""Stage 1: the published choice, what fits and what cannot, rules, determinism."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tinynas.cost import memory_cost
from tinynas.devices import Budget, load_device
from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.schedule import candidate_segments, plan_segments
from tinynas.spaces import (
    Architecture,
    SearchSpace,
    Subspace,
    load_space,
    network_of,
    skeleton,
    space_names,
)
from tinynas.subspace import SubspaceTable, choose_subspace
from tinynas.subspace.rules import RULES, mean_of_all, mean_of_fitting

DEVICE = load_device("stm32f411xe")
KB = 1024


def choose(
    space: str = "tiny", sram: float = 16, flash: float = 128, **options: object
) -> SubspaceTable:
    arguments: dict[str, object] = {"classes": 10, "input_channels": 3, "samples": 200, **options}
    return choose_subspace(
        load_space(space),
        Budget(int(sram * KB), int(flash * KB)),
        device=DEVICE,
        **arguments,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_published_setting_gives_the_published_choice(seed: int) -> None:
    """ImageNet-100 on an STM32F746: W 0.5, R 144, whose best fifth begins at 50.3 M MACs."""
    table = choose(
        "mcunet",
        320,
        1024,
        classes=100,
        samples=1000,
        seed=seed,
        schedules="layer",
        accounting="published",
    )
    assert (table.chosen.width, table.chosen.resolution) == (0.5, 144)
    assert table.chosen_row.fits == 1
    assert table.chosen_row.p80_macs == pytest.approx(50.3e6, rel=0.015)


def test_the_published_rule_to_the_letter_prefers_what_hardly_fits() -> None:
    options = {"classes": 100, "schedules": "layer", "accounting": "published"}
    table = choose("mcunet", 320, 1024, rule="published", **options)
    assert table.chosen.resolution > 144
    assert table.chosen_row.fits < 0.5


def test_more_sram_raises_resolution_and_more_flash_width() -> None:
    small = choose("mcunet", 64, 512, schedules="layer").chosen
    more_sram = choose("mcunet", 256, 512, schedules="layer").chosen
    more_flash = choose("mcunet", 64, 2048, schedules="layer").chosen
    assert more_sram.resolution > small.resolution
    assert more_flash.width > small.width


def test_patches_open_larger_subspaces() -> None:
    layer = choose("mcunet", 64, 1024, schedules="layer")
    every = choose("mcunet", 64, 1024, schedules="all")
    assert every.chosen_row.score > 1.2 * layer.chosen_row.score
    for before, after in zip(layer.rows, every.rows, strict=True):
        assert after.fits >= before.fits


def test_what_fits_is_what_the_planner_fits() -> None:
    """Every sampled network of a few subspaces, planned one by one with all of its schedules."""
    space, budget = load_space("tiny"), Budget(8 * KB, 96 * KB)
    table = choose_subspace(
        space, budget, classes=10, input_channels=3, device=DEVICE, samples=12, schedules="layer"
    )
    rows = space.sample(12, np.random.default_rng(0))
    rows[0] = space.smallest.row
    some = [r for r in table.rows if 0 < r.fits < 1][::4]
    assert len(some) >= 3
    for row in some:
        expected = np.mean([fits_by_layer(space, r, row.subspace, budget) for r in rows])
        assert row.fits == pytest.approx(expected)


def fits_by_layer(space: SearchSpace, row: np.ndarray, subspace: Subspace, budget: Budget) -> bool:
    architecture = Architecture.of_rows(space, row[None])[0]
    graph = skeleton(network_of(subspace, architecture, classes=10, input_channels=3))
    schedule = plan_segments(graph, next(candidate_segments(graph)))
    cost = memory_cost(graph, schedule, DEVICE.core)
    return cost.sram_bytes <= budget.sram_bytes and cost.flash_bytes <= budget.flash_bytes


@pytest.mark.parametrize("schedules", ["layer", "patch", "all"])
@pytest.mark.parametrize(("sram", "flash", "field"), [(1, 64, "sram"), (64, 8, "flash")])
def test_an_infeasible_budget_names_the_smallest_that_would_do(
    schedules: str, sram: int, flash: int, field: str
) -> None:
    with pytest.raises(InfeasibleBudgetError) as error:
        choose("tiny", sram, flash, schedules=schedules)
    assert error.value.field == field
    required = error.value.required_bytes
    budgets = {"sram": Budget(required, flash * KB), "flash": Budget(sram * KB, required)}
    options = {"classes": 10, "input_channels": 3, "device": DEVICE, "schedules": schedules}
    table = choose_subspace(load_space("tiny"), budgets[field], samples=20, **options)  # type: ignore[arg-type]
    assert table.chosen_row.fits > 0
    less = {"sram": Budget(required - 1, flash * KB), "flash": Budget(sram * KB, required - 1)}
    with pytest.raises(InfeasibleBudgetError):
        choose_subspace(load_space("tiny"), less[field], samples=20, **options)  # type: ignore[arg-type]
    both = Budget(error.value.details["sram"], error.value.details["flash"])
    table = choose_subspace(load_space("tiny"), both, samples=20, **options)  # type: ignore[arg-type]
    assert table.chosen_row.fits > 0


@pytest.mark.parametrize("space", space_names())
def test_every_space_works_from_its_least_budget_to_4_megabytes(space: str) -> None:
    assert choose(space, 4096, 4096, samples=50).chosen_row.fits == 1
    with pytest.raises(InfeasibleBudgetError) as error:
        choose(space, 0.5, 4096, samples=50)
    assert error.value.field == "sram"
    least = error.value.required_bytes / KB
    assert choose(space, least, 4096, samples=50).chosen_row.fits > 0


def test_a_limit_on_macs() -> None:
    budget = Budget(64 * KB, 256 * KB, macs=500_000)
    table = choose_subspace(
        load_space("tiny"), budget, classes=10, input_channels=1, device=DEVICE, samples=200
    )
    assert all(row.cdf[-1] <= 500_000 for row in table.rows if row.cdf)
    assert table.to_json()["budget"]["macs"] == 500_000
    with pytest.raises(InvalidInputError) as error:
        choose_subspace(
            load_space("tiny"),
            Budget(64 * KB, 256 * KB, macs=10),
            classes=10,
            input_channels=1,
            device=DEVICE,
        )
    assert error.value.field == "macs"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"schedules": "dance"}, "schedules"),
        ({"accounting": "creative"}, "accounting"),
        ({"accounting": "published"}, "schedules"),
        ({"rule": "mine"}, "rule"),
        ({"samples": 0}, "samples"),
        ({"resolutions": ()}, "resolutions"),
    ],
)
def test_wrong_arguments_are_named(options: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        choose(**options)  # type: ignore[arg-type]
    assert error.value.field == field


def test_the_resolutions_given_are_those_compared() -> None:
    table = choose(resolutions=(16, 24, 32))
    assert {row.subspace.resolution for row in table.rows} == {16, 24, 32}


def test_the_same_seed_gives_the_same_table() -> None:
    first, second, other = (
        choose(seed=4).to_json(),
        choose(seed=4).to_json(),
        choose(seed=5).to_json(),
    )
    for table in (first, second, other):
        del table["seconds"]
    assert first == second != other


def test_json_holds_every_subspace_and_its_curve() -> None:
    value = json.loads(json.dumps(choose().to_json()))
    assert set(value["chosen"]) == {"width", "resolution", "mean_macs", "p80_macs", "fits"}
    assert len(value["subspaces"]) == len(load_space("tiny").subspaces())
    for row in value["subspaces"]:
        assert 0 <= row["fits"] <= 1
        assert len(row["cdf"]) == (21 if row["fits"] else 0)
        assert row["cdf"] == sorted(row["cdf"])
    best = max(value["subspaces"], key=lambda r: r["score"])
    assert best["width"] == value["chosen"]["width"]


def test_rules_differ_in_what_misfits_count() -> None:
    macs = np.array([[10, 20, 30], [100, 1, 1]])
    fits = np.array([[True, True, True], [True, False, False]])
    assert mean_of_all(macs, fits).tolist() == [20, pytest.approx(100 / 3)]
    assert mean_of_fitting(macs, fits).tolist() == [20, 100]
    assert mean_of_fitting(macs, np.zeros_like(fits)).tolist() == [0, 0]
    assert set(RULES) == {"mean-of-all", "published"}
