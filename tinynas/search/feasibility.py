"""Does an architecture fit, and by which schedule: decided before any image is seen."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.cost import MemoryCost, code_sizes, memory_cost
from tinynas.devices import Budget, Device
from tinynas.errors import InfeasibleBudgetError
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, plan, plan_layer
from tinynas.spaces import Architecture, Subspace, network_of, skeleton


@dataclass(frozen=True)
class Fit:
    """How an architecture stands to the budget under its best schedule.

    The best schedule is the one that recomputes least of those that fit; where none does, it is
    the one layer by layer.  The excesses are bytes (or MACs) over the budget, 0 where it fits.
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

    `schedules` is `layer`, or `patch` or `all` where patches may be used too; a MACs limit counts
    what a schedule recomputes.
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
        schedule, cost = schedule_within(
            graph, self.budget, self.device.core, schedules=self.schedules
        )
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


def schedule_within(
    graph: Graph, budget: Budget, core: str, *, schedules: str = "all"
) -> tuple[Schedule, MemoryCost]:
    """The schedule that recomputes least of those whose SRAM is within the budget, and its cost.

    Where none is, the one layer by layer: the caller compares the cost with the budget.
    """
    by_layer = plan_layer(graph)
    cost = memory_cost(graph, by_layer, core)
    # Patches save SRAM alone, and they recompute: they help only where SRAM is what is short.
    short_of_sram = cost.sram_bytes > budget.sram_bytes
    if not short_of_sram or schedules == "layer" or cost.flash_bytes > budget.flash_bytes:
        return by_layer, cost
    beside_arena = cost.static_bytes + cost.stack_bytes + code_sizes(core).patch_stack
    try:
        schedule = plan(graph, arena_bytes=max(1, budget.sram_bytes - beside_arena))
    except InfeasibleBudgetError:
        return by_layer, cost
    return schedule, memory_cost(graph, schedule, core)
