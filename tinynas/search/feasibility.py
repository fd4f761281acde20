"""Does an architecture fit, and by which schedule: decided before any image is seen."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.cost import MemoryCost, memory_cost
from tinynas.devices import Budget, Device
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, schedules_for
from tinynas.spaces import Architecture, Subspace, network_of, skeleton


@dataclass(frozen=True)
class Fit:
    """How an architecture stands to the budget under its best schedule.

    The best schedule is the one that recomputes least of those that fit, or, if none does, the one
    that needs the least SRAM.  The excesses are bytes (or MACs) over the budget, 0 where it fits.
    """

    architecture: Architecture
    schedule: Schedule
    cost: MemoryCost
    macs: int
    sram_excess: int
    flash_excess: int
    macs_excess: int

    @property
    def fits(self) -> bool:
        return not (self.sram_excess or self.flash_excess or self.macs_excess)


@dataclass(frozen=True)
class Feasibility:
    """The budget of a job, as a question that can be put to any architecture.

    `schedules` is `layer`, `patch` or `all`; a MACs limit counts what a schedule recomputes.
    """

    subspace: Subspace
    classes: int
    input_channels: int
    budget: Budget
    device: Device
    schedules: str

    def graph(self, architecture: Architecture) -> Graph:
        """The weightless graph that is planned."""
        network = network_of(
            self.subspace,
            architecture,
            classes=self.classes,
            input_channels=self.input_channels,
        )
        return skeleton(network)

    def check(self, architecture: Architecture) -> Fit:
        graph = self.graph(architecture)
        fits = [self._fit(architecture, graph, s) for s in schedules_for(graph, self.schedules)]
        fitting = [fit for fit in fits if fit.fits]
        if fitting:
            return min(fitting, key=lambda f: (f.schedule.recomputed_macs, f.cost.sram_bytes))
        return min(fits, key=lambda f: (f.sram_excess + f.flash_excess, f.macs_excess))

    def _fit(self, architecture: Architecture, graph: Graph, schedule: Schedule) -> Fit:
        cost = memory_cost(graph, schedule, self.device.core)
        macs = graph.macs + schedule.recomputed_macs
        return Fit(
            architecture,
            schedule,
            cost,
            graph.macs,
            sram_excess=max(0, cost.sram_bytes - self.budget.sram_bytes),
            flash_excess=max(0, cost.flash_bytes - self.budget.flash_bytes),
            macs_excess=max(0, macs - self.budget.macs) if self.budget.macs else 0,
        )
