"""Does an architecture fit, and by which schedule: decided before any image is seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinynas.cost import (
    DEFAULT_COMPILER,
    Cheapest,
    MemoryCost,
    Population,
    Tables,
    cheapest_schedules,
    code_sizes,
    estimate_latency,
    has_timings,
    memory_cost,
)
from tinynas.cost.cheapest import FAMILIES, families_of
from tinynas.cost.latencies import population_latency
from tinynas.devices import Budget, Device
from tinynas.schedule import Schedule, plan_segments
from tinynas.spaces import Architecture, Subspace, network_of, skeleton

_AT_ONCE = 1024
"""Networks looked at together; more would cost memory and gain no time."""


@dataclass(frozen=True)
class Fit:
    """How an architecture stands to the budget under its best schedule.

    That is the one which recomputes least of those that fit or, if none does, the one that exceeds
    the budget least.  The excesses are bytes (or MACs, or estimated milliseconds) over the
    budget, 0 where it fits.
    """

    sram_excess: int
    flash_excess: int
    macs_excess: int
    latency_excess: float = 0.0

    @property
    def fits(self) -> bool:
        memory = self.sram_excess or self.flash_excess
        return not (memory or self.macs_excess or self.latency_excess)


@dataclass(frozen=True)
class Plan:
    """The best schedule of an architecture that fits, and what both cost."""

    architecture: Architecture
    schedule: Schedule
    cost: MemoryCost
    macs: int
    latency_ms: float | None


@dataclass(frozen=True)
class Feasibility:
    """The budget of a job, as a question that can be put to any architecture of a subspace.

    `schedules` is `layer`, `patch`, `stream` or `all`; a limit on MACs is of the network
    computed once.  Code and stack are those of `compiler`.  `fed`: the image comes row by row, so
    every schedule is a stream.
    """

    subspace: Subspace
    classes: int
    input_channels: int
    budget: Budget
    device: Device
    schedules: str
    compiler: str = DEFAULT_COMPILER
    fed: bool = False

    @cached_property
    def _tables(self) -> tuple[Tables, ...]:
        """For each resolution that its networks may have."""
        given = self.subspace
        subspaces = (Subspace(given.space, given.width, r) for r in given.resolutions)
        return tuple(Tables((s,), self.classes, self.input_channels) for s in subspaces)

    def _places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of the tables is each row's [N]."""
        searched = self.subspace.space.searched_resolutions
        return rows[:, -1] if searched else np.zeros(len(rows), dtype=np.int64)

    def check(self, architecture: Architecture) -> Fit:
        """Whether it fits, from tables: nothing is planned."""
        population = self._population(architecture)
        best = self._cheapest(population)
        macs = int(population.macs[0, 0])
        return Fit(
            sram_excess=max(0, int(best.sram[0]) - self.budget.sram_bytes),
            flash_excess=max(0, int(best.flash[0]) - self.budget.flash_bytes),
            macs_excess=max(0, macs - self.budget.macs) if self.budget.macs else 0,
            latency_excess=self._latency_excess(population),
        )

    def _latency_excess(self, population: Population) -> float:
        if self.budget.latency_ms is None:
            return 0.0
        estimated = float(population_latency(population, self.device)[0, 0])
        return max(0.0, estimated - self.budget.latency_ms)

    def fitting(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of many canonical rows [N, genes] fit; thousands at a time, as `check` decides."""
        fits, places = np.zeros(len(rows), dtype=np.bool_), self._places(rows)
        for place, tables in enumerate(self._tables):
            own = np.flatnonzero(places == place)
            for start in range(0, len(own), _AT_ONCE):
                some = own[start : start + _AT_ONCE]
                fits[some] = self._fitting(tables, rows[some])
        return fits

    def _fitting(self, tables: Tables, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        population = Population(tables, rows)
        fits = np.ones(len(rows), dtype=np.bool_)
        if self.budget.macs:
            fits = population.macs[0] <= self.budget.macs
        if self.budget.latency_ms is not None:
            fits &= population_latency(population, self.device)[0] <= self.budget.latency_ms
        within = np.zeros(len(rows), dtype=np.bool_)
        for family in families_of(self.schedules, fed=self.fed):
            rest = np.flatnonzero(fits & ~within)
            if len(rest):
                within[rest] = self._within(Population(tables, rows[rest]), family)
        return np.asarray(fits & within)

    def _within(self, population: Population, schedules: str) -> NDArray[np.bool_]:
        """Whose memory is within the budget by the cheapest of these schedules."""
        sizes = code_sizes(self.device.core, self.compiler)
        best = cheapest_schedules(population, sizes, self.budget, schedules, fed=self.fed)
        sram, flash = self.budget.sram_bytes, self.budget.flash_bytes
        return np.asarray((best.sram <= sram) & (best.flash <= flash))

    def plan(self, architecture: Architecture) -> Plan:
        """The schedule that `check` judged by, with an offset for every buffer."""
        network = network_of(
            self.subspace,
            architecture,
            classes=self.classes,
            input_channels=self.input_channels,
        )
        graph = skeleton(network)
        best = self._cheapest(self._population(architecture))
        schedule = plan_segments(graph, best.segments(0, len(graph.ops)))
        cost = memory_cost(graph, schedule, self.device.core, self.compiler)
        latency = None
        if has_timings(self.device.core):
            latency = estimate_latency(graph, self.device, schedule).milliseconds
        return Plan(architecture, schedule, cost, graph.macs, latency)

    def _population(self, architecture: Architecture) -> Population:
        rows = np.array([architecture.row])
        return Population(self._tables[self._places(rows)[0]], rows)

    def _cheapest(self, population: Population) -> Cheapest:
        sizes = code_sizes(self.device.core, self.compiler)
        if self.schedules == "all" and not self.fed:
            # Streams recompute nothing either, but are slower than whole layers; patches last.
            for family in FAMILIES:
                best = cheapest_schedules(population, sizes, self.budget, family)
                if best.fits.all():
                    return best
        return cheapest_schedules(population, sizes, self.budget, self.schedules, fed=self.fed)
