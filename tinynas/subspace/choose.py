"""Stage 1: the subspace (width multiplier, resolution) whose networks make most of a budget.

Lin et al. 2020 (MCUNet, arXiv 2007.10319, section 3.1): sample networks of every subspace, keep
those that fit, compare the distributions of their FLOPs.  More work within the budget means more
capacity, so the subspace with the largest is searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tinynas.cost import DEFAULT_COMPILER, check_timings, code_sizes
from tinynas.cost.device import least_flash
from tinynas.cost.latencies import population_latency
from tinynas.cost.population import Population
from tinynas.cost.published import published_flash
from tinynas.cost.tables import Tables
from tinynas.devices import Budget, Device
from tinynas.errors import InvalidInputError
from tinynas.spaces import SearchSpace, Subspace
from tinynas.subspace.feasible import SmallestNetworks
from tinynas.subspace.fitting import BoolArray, Family, device_families, fitting, published
from tinynas.subspace.rules import DEFAULT_RULE, find_rule
from tinynas.subspace.table import SubspaceRow, SubspaceTable

ACCOUNTINGS = ("device", "published")


def choose_subspace(
    space: SearchSpace,
    budget: Budget,
    *,
    classes: int,
    input_channels: int,
    device: Device,
    samples: int = 1000,
    seed: int = 0,
    schedules: str = "all",
    accounting: str = "device",
    rule: str = DEFAULT_RULE,
    fed: bool = False,
    resolutions: Sequence[int] | None = None,
    compiler: str = DEFAULT_COMPILER,
) -> SubspaceTable:
    """Every subspace of a space under a budget, and the one to search.

    The same `samples` networks (the smallest of the space among them) are looked at in every
    subspace, so that differences between subspaces are not differences between samples.

    Args:
        space: all of its width multipliers and `resolutions` (pixels; all, if none are named) are
            compared.
        budget: what may be used of SRAM and flash (bytes), optionally MACs.
        classes, input_channels: of the task.
        device: decides the code that the kernels are compiled to; its memory is not looked at.
        samples, seed: how many networks, and which.
        schedules: `layer`, `patch`, `stream` or `all`: how networks may be executed.
        accounting: `device` counts what this project generates; `published` what the paper's engine
            needs, which executes layer by layer (see `tinynas.cost.published`).
        rule: `mean-of-all` or `published`, see `tinynas.subspace.rules`.
        fed: the image comes row by row, so that it is not in SRAM and everything is streamed.
        compiler: whose code sizes `device` counts.

    Raises:
        InfeasibleBudgetError: not even the smallest network fits; says what it needs.
        InvalidInputError: a wrong argument, named.
    """
    started = time.perf_counter()
    if budget.latency_ms is not None:
        check_timings(device.core)
    score = find_rule(rule)
    families = _families(space, device, schedules, accounting, compiler, fed=fed)
    least = _least_flash(device, accounting, compiler)
    tables = Tables(_subspaces(space, resolutions), classes, input_channels)
    SmallestNetworks.of(tables, families).check(budget)
    population = Population(tables, _sample(space, samples, seed))
    macs, fits = population.macs, fitting(population, families, budget, least)
    if budget.latency_ms is not None:
        fits = _within_latency(population, fits, device, budget.latency_ms)
    rows = tuple(
        SubspaceRow.of(subspace, macs[i], fits[i], value)
        for i, (subspace, value) in enumerate(
            zip(tables.subspaces, score(macs, fits).tolist(), strict=True)
        )
    )
    chosen = max(rows, key=lambda row: row.score)
    seconds = time.perf_counter() - started
    return SubspaceTable(
        rows, chosen, budget, rule, schedules, accounting, len(population.rows), seconds
    )


def _within_latency(
    population: Population, fits: BoolArray, device: Device, latency_ms: float
) -> BoolArray:
    """Those of the networks that fit whose estimated latency is within the limit.

    Raises:
        InvalidInputError: there is none.
    """
    estimated = population_latency(population, device)
    within: BoolArray = fits & (estimated <= latency_ms)
    if not within.any():
        least = float(estimated[fits].min()) if fits.any() else float(estimated.min())
        raise InvalidInputError(
            f"no network fits {latency_ms:g} ms within the memory given; the fastest sampled is "
            f"estimated at {least:.1f} ms on {device.name}",
            field="latency_ms",
            given=latency_ms,
            allowed=f"at least {least:.1f}",
        )
    return within


def smallest_networks(
    space: SearchSpace,
    *,
    classes: int,
    input_channels: int,
    device: Device,
    schedules: str = "all",
    fed: bool = False,
    resolutions: Sequence[int] | None = None,
    compiler: str = DEFAULT_COMPILER,
) -> SmallestNetworks:
    """What says whether `choose_subspace` with these arguments would find anything to choose.

    Raises:
        InvalidInputError: as `choose_subspace`.
    """
    families = _families(space, device, schedules, "device", compiler, fed=fed)
    tables = Tables(_subspaces(space, resolutions), classes, input_channels)
    return SmallestNetworks.of(tables, families)


def _families(
    space: SearchSpace,
    device: Device,
    schedules: str,
    accounting: str,
    compiler: str,
    *,
    fed: bool,
) -> list[Family]:
    if accounting not in ACCOUNTINGS:
        raise InvalidInputError(
            f"unknown accounting {accounting!r}; allowed are {', '.join(ACCOUNTINGS)}",
            field="accounting",
            given=accounting,
            allowed=list(ACCOUNTINGS),
        )
    if accounting == "device":
        return device_families(space, code_sizes(device.core, compiler), schedules, fed=fed)
    if schedules != "layer":
        raise InvalidInputError(
            f"the published accounting knows no schedule but layer, given is {schedules!r}",
            field="schedules",
            given=schedules,
            allowed=["layer"],
        )
    return [published]


def _least_flash(
    device: Device, accounting: str, compiler: str
) -> Callable[[Population], NDArray[np.int64]]:
    """Flash that a network takes whatever its schedule."""
    if accounting == "published":
        return published_flash
    return partial(least_flash, sizes=code_sizes(device.core, compiler))


def _subspaces(space: SearchSpace, resolutions: Sequence[int] | None) -> tuple[Subspace, ...]:
    if resolutions is not None and not resolutions:
        raise InvalidInputError(
            "at least one resolution has to be compared",
            field="resolutions",
            given=[],
            allowed=list(space.resolutions),
        )
    return tuple(space.subspaces(resolutions))


def _sample(space: SearchSpace, samples: int, seed: int) -> NDArray[np.int64]:
    if samples < 1:
        raise InvalidInputError(
            "at least one network has to be sampled", field="samples", given=samples, allowed=">= 1"
        )
    rows = space.sample(samples, np.random.default_rng(seed))
    rows[0] = space.smallest.row
    return rows
