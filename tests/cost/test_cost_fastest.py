"""What is left of a budget buys time, and never a slower kernel."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from benchmarks.kernel_shapes import Layer, forced, network_of_layers, run_network
from tinynas.cost import estimate_latency, fastest, memory_cost, with_variants
from tinynas.cost.code import code_sizes
from tinynas.cost.instructions import models
from tinynas.cost.latency import op_effort
from tinynas.cost.variants import knapsack, most_for_flash, offers_of
from tinynas.devices import Budget, load_device
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, Segment, SegmentKind, plan_layer, plan_segments
from tinynas.schedule.kernels import EXPANDED, SHORT_ALONE, Kernel, kernel_in, kernel_of

DEVICE = load_device("stm32f405xg")
PLENTY = Budget(1 << 30, 1 << 30)


def _graph() -> Graph:
    layers = [Layer(3, 2, 16), Layer(3, 1, 0), Layer(1, 1, 32), Layer(7, 2, 0), Layer(1, 1, 96)]
    return network_of_layers(20, 3, [*layers, Layer(7, 2, 0), Layer(3, 1, 0), Layer(1, 1, 12)])


def _streamed(graph: Graph, chunk: int) -> Schedule:
    return plan_segments(graph, [Segment(SegmentKind.STREAM, 0, len(graph.ops), chunk=chunk)])


@pytest.mark.parametrize(
    "part", ["stm32f405xg", "stm32f746xg", "stm32f103xe", "stm32g0b1xe", "stm32l552xe"]
)
def test_no_op_takes_more_effort_than_with_the_least_flash(part: str) -> None:
    """Cycles; of the last part, whose core has no timings, instructions.

    Weights are expanded only where that takes little memory.
    """
    graph, device = _graph(), load_device(part)
    chosen = with_variants(graph, plan_layer(graph), PLENTY, device)
    for op in graph.ops:
        kernel = kernel_in(graph, chosen, op)
        others = [kernel_of(graph, op)]
        others += [
            Kernel(name)
            for fast in (SHORT_ALONE - EXPANDED) & models(device.core).keys()
            for at, name in forced(graph, plan_layer(graph), {fast}).variants
            if at == op.name and fast in models(device.core)
        ]
        least = min(op_effort(graph, op, device, k) for k in others)
        assert op_effort(graph, op, device, kernel) <= least + 1


@pytest.mark.parametrize("flash", [0, 1500, 4000, 8000, 30000])
def test_flash_is_searched_with_the_code_of_kernels_as_by_all_sets_of_them(flash: int) -> None:
    graph, sizes = _graph(), code_sizes(DEVICE.core)
    plan = plan_layer(graph)
    offers = [o for o in offers_of(graph, plan, DEVICE) if o.cycles > 0]

    def added(kernels: frozenset[Kernel]) -> int:
        return sizes.added_bytes(graph, plan, kernels)

    best = 0
    kernels = sorted({o.kernel for o in offers})
    for number in range(1 << len(kernels)):
        some = frozenset(k for i, k in enumerate(kernels) if number >> i & 1)
        most = {o.op: o.cycles for o in sorted(offers, key=lambda o: o.cycles) if o.kernel in some}
        if added(some) <= flash and sum(most.values()) > best:
            mine = [o for o in offers if o.kernel in some]
            best = max(best, sum(o.cycles for o in knapsack(mine, flash - added(some))))
    chosen = most_for_flash(offers, flash, added)
    assert sum(o.cycles for o in chosen) == best
    assert best > 0 or flash < 4000


@pytest.mark.parametrize("spare", [0, 300, 1500, 4000])
def test_the_knapsack_saves_as_much_as_any_choice(spare: int) -> None:
    graph = network_of_layers(12, 8, [Layer(1, 1, 8), Layer(3, 1, 0), Layer(5, 2, 0)])
    offers = [o for o in offers_of(graph, plan_layer(graph), DEVICE) if o.cycles > 0]
    by_op = [[None, *(o for o in offers if o.op == op.name)] for op in graph.ops]
    best = 0
    for choice in product(*by_op):
        some = [o for o in choice if o is not None]
        if sum(-(-o.flash_bytes // 64) for o in some) <= spare // 64:
            best = max(best, sum(o.cycles for o in some))
    assert sum(o.cycles for o in knapsack(offers, spare)) == best


def test_what_is_bought_stays_within_the_flash_and_more_flash_buys_no_less() -> None:
    layers = [Layer(3, 1, 0), Layer(7, 1, 0), Layer(3, 2, 0), Layer(3, 2, 0), Layer(7, 1, 0)]
    graph = network_of_layers(32, 16, layers)  # the last op of a size could have either kernel
    schedule = plan_layer(graph)
    least = memory_cost(graph, schedule, DEVICE.core).flash_bytes
    before = estimate_latency(graph, DEVICE, schedule).cycles
    for spare in range(0, 12_000, 397):
        chosen = with_variants(graph, schedule, Budget(1 << 30, least + spare), DEVICE)
        assert memory_cost(graph, chosen, DEVICE.core).flash_bytes <= least + spare
        cycles = estimate_latency(graph, DEVICE, chosen).cycles
        assert cycles <= before
        before = cycles


def test_streams_hand_on_as_many_columns_as_sram_allows() -> None:
    graph = _graph()
    narrow = _streamed(graph, 2)
    free = fastest(graph, narrow, PLENTY, DEVICE)
    assert max(free.segments[0].chunks) > 2
    assert free.segments == (replace(narrow.segments[0], chunks=free.segments[0].chunks),)
    here = estimate_latency(graph, DEVICE, with_variants(graph, narrow, PLENTY, DEVICE))
    assert estimate_latency(graph, DEVICE, free).cycles < here.cycles
    for spare in (0, 100, 400):
        least = memory_cost(graph, narrow, DEVICE.core).sram_bytes
        budget = Budget(least + spare, 1 << 30)
        found = fastest(graph, narrow, budget, DEVICE)
        assert memory_cost(graph, found, DEVICE.core).sram_bytes <= budget.sram_bytes


def test_weights_are_expanded_where_few_channels_come_in_and_not_in_streams() -> None:
    """A stream would pay for it in every part of a row."""
    graph = network_of_layers(40, 8, [Layer(1, 1, 48), Layer(3, 1, 0)])
    expanded = Kernel.POINTWISE_EXPANDED
    layer = with_variants(graph, plan_layer(graph), PLENTY, DEVICE)
    assert kernel_in(graph, layer, graph.ops[0]) is expanded
    ran = run_network(graph, layer)
    assert ran.mismatches == 0
    assert ran.by_op[0] <= 1.19 * 40 * 40 * 8 * 48
    graph = network_of_layers(40, 8, [Layer(3, 1, 0), Layer(1, 1, 48)])
    offers = {o.kernel: o.cycles for o in offers_of(graph, _streamed(graph, 4), DEVICE)}
    assert offers[expanded] < 0 < offers[Kernel.POINTWISE_THREE]


@pytest.mark.parametrize(
    ("size", "layer", "spare", "chosen"),
    [
        (40, Layer(1, 1, 48), 1 << 20, Kernel.POINTWISE_EXPANDED),
        (40, Layer(1, 1, 48), 300, Kernel.POINTWISE_WIDE),
        (10, Layer(3, 1, 64), 1 << 20, Kernel.CONV_THREE),  # 10 KB beside an arena of 7
    ],
)
def test_weights_are_not_expanded_for_more_memory_than_it_is_worth(
    size: int, layer: Layer, spare: int, chosen: Kernel
) -> None:
    graph = network_of_layers(size, 8, [layer])
    (op,) = graph.ops
    plan = plan_layer(graph)
    known = [k for k in SHORT_ALONE if forced(graph, plan, {k}).variants]
    assert min(known, key=lambda k: op_effort(graph, op, DEVICE, k)) in EXPANDED
    budget = Budget(memory_cost(graph, plan, DEVICE.core).sram_bytes + spare, 1 << 30)
    found = with_variants(graph, plan, budget, DEVICE)
    assert kernel_in(graph, found, op) is chosen
    assert memory_cost(graph, found, DEVICE.core).sram_bytes <= budget.sram_bytes
    assert found.arena_bytes <= 1.1 * plan.arena_bytes


def test_a_pixel_alone_is_not_given_to_kernels_of_three() -> None:
    """What a call lacks to three pixels costs as much as they do, but two are computed as two."""
    graph = network_of_layers(18, 24, [Layer(3, 1, 0), Layer(1, 1, 24, False)])
    narrow = _streamed(graph, 2)
    threes = (Kernel.POINTWISE_THREE, Kernel.POINTWISE_WIDE)
    offers = {o.kernel: o.cycles for o in offers_of(graph, narrow, DEVICE)}
    assert all(offers[kernel] > 0 for kernel in threes)
    single = {o.kernel: o.cycles for o in offers_of(graph, _streamed(graph, 1), DEVICE)}
    assert all(single[kernel] < 0 for kernel in threes)
    assert single[Kernel.DEPTHWISE_WIDE] > 0
    least = memory_cost(graph, narrow, DEVICE.core)
    for spare in range(0, 2000, 150):
        budget = Budget(least.sram_bytes + spare, 1 << 30)
        found = fastest(graph, narrow, budget, DEVICE)
        assert memory_cost(graph, found, DEVICE.core).sram_bytes <= budget.sram_bytes
    assert found.segments[0].chunks == (18,)
    ran = run_network(graph, found)
    assert ran.mismatches == 0
    assert estimate_latency(graph, DEVICE, found).instructions == pytest.approx(
        ran.instructions, rel=0.2
    )


def test_a_core_without_timings_gets_the_kernels_of_the_least_instructions() -> None:
    """A Cortex-M33 executes the assembly of the M4, so its instructions are known."""
    graph, device = _graph(), load_device("stm32l552xe")
    with pytest.raises(InvalidInputError, match="cortex-m33"):
        estimate_latency(graph, device)
    chosen = fastest(graph, plan_layer(graph), PLENTY, device)
    assert len(chosen.variants) > len(graph.ops) // 2
    narrow = _streamed(graph, 2)
    assert max(fastest(graph, narrow, PLENTY, device).segments[0].chunks) > 2
    before, after = (run_network(graph, s, device=device) for s in (plan_layer(graph), chosen))
    assert (before.mismatches, after.mismatches) == (0, 0)
    assert after.instructions < before.instructions


def test_layers_are_left_as_they_are() -> None:
    graph = _graph()
    plan = plan_layer(graph)
    assert fastest(graph, plan, PLENTY, DEVICE) == with_variants(graph, plan, PLENTY, DEVICE)
