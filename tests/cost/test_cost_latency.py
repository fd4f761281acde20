"""Estimates of latency: alone and of populations alike, and within a budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.kernel_shapes import Layer, forced, network_of_layers, run_network
from tinynas.cost import Population, Tables, estimate_latency
from tinynas.cost.instructions import models
from tinynas.cost.latencies import population_latency
from tinynas.cost.latency import flash_cycles, op_instructions, parts_of
from tinynas.cost.layout import constant_bytes
from tinynas.devices import Budget, FlashTiming, load_device
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule import Segment, SegmentKind, plan_layer, plan_patch, plan_segments
from tinynas.schedule.kernels import BASE, Kernel, kernel_in, kernel_of
from tinynas.search.feasibility import Feasibility
from tinynas.spaces import Architecture, Subspace, load_space, network_of, skeleton
from tinynas.subspace import choose_subspace

SPACE = load_space("mcunet")
SUBSPACE = Subspace(SPACE, 0.3, 64)
DEVICE = load_device("stm32f746xg")


def _rows(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return SPACE.sample(count, rng)


def _graph(row: np.ndarray) -> Graph:
    architecture = Architecture(SPACE, tuple(int(v) for v in row))
    return skeleton(network_of(SUBSPACE, architecture, classes=10, input_channels=3))


@pytest.mark.parametrize("device", ["stm32f746xg", "stm32l476xg"])
def test_a_population_costs_what_its_networks_cost(device: str) -> None:
    part = load_device(device)
    rows = _rows(12)
    found = population_latency(Population(Tables((SUBSPACE,), 10, 3), rows), part)[0]
    alone = [estimate_latency(_graph(row), part).milliseconds for row in rows]
    np.testing.assert_allclose(found, alone, atol=1e-3)


def test_clock_flash_and_recomputation_count() -> None:
    graph = _graph(_rows(1)[0])
    once = estimate_latency(graph, DEVICE)
    assert not once.unknown
    slow = estimate_latency(graph, replace(DEVICE, clock_hz=DEVICE.clock_hz // 2))
    assert slow.milliseconds == pytest.approx(2 * once.milliseconds, rel=1e-3)
    assert slow.cycles == once.cycles
    waits = replace(DEVICE, flash_timing=FlashTiming(15, 8, 0))
    assert estimate_latency(graph, waits).cycles > once.cycles
    unknown = estimate_latency(graph, replace(DEVICE, flash_timing=None))
    assert unknown.cycles < once.cycles
    assert estimate_latency(graph, DEVICE, plan_layer(graph)) == once
    assert estimate_latency(graph, DEVICE, plan_patch(graph, 3, (2, 2))).cycles > once.cycles


def test_every_further_call_counts() -> None:
    graph = network_of_layers(10, 8, [Layer(3, 1, 0), Layer(1, 1, 8)])
    stream = plan_segments(graph, [Segment(SegmentKind.STREAM, 0, 2, chunk=4)])
    assert parts_of(graph, stream) == {"y0": {4: 20, 2: 10}, "y1": {4: 20, 2: 10}}
    once, often = (estimate_latency(graph, DEVICE, s) for s in (plan_layer(graph), stream))
    calls = models()[Kernel.DEPTHWISE].call + models()[Kernel.POINTWISE].call
    assert often.instructions - once.instructions == pytest.approx(29 * calls, abs=1)
    assert often.cycles > once.cycles


def test_pixels_that_calls_lack_count_as_if_they_were_there() -> None:
    graph = network_of_layers(10, 8, [Layer(3, 1, 0), Layer(1, 1, 8)])
    _, pointwise = graph.ops
    for kernel, parts, pixels in (
        (Kernel.POINTWISE, {5: 20}, 6 * 20),
        (Kernel.POINTWISE_THREE, {5: 20}, 5.2 * 20),
        (Kernel.POINTWISE_THREE, {2: 50}, 2.2 * 50),
        (Kernel.POINTWISE_THREE, {9: 10, 1: 10}, 12 * 10),
        (Kernel.POINTWISE_THREE, {10: 10}, 10.4 * 10),
        (Kernel.POINTWISE_WIDE, {10: 10}, 10 * 10),
        (Kernel.POINTWISE_WIDE, {9: 10, 1: 10}, 12 * 10),
    ):
        further = models()[kernel].call * (sum(parts.values()) - 1)
        whole, found = (op_instructions(graph, pointwise, kernel, p) for p in (None, parts))
        assert whole is not None
        assert found == pytest.approx(whole * pixels / 100 + further, abs=1)


def test_expanding_weights_counts_in_every_call() -> None:
    graph = network_of_layers(12, 8, [Layer(1, 1, 24, False), Layer(3, 1, 8)])
    for op, kernel in zip(
        graph.ops, (Kernel.POINTWISE_EXPANDED, Kernel.CONV_EXPANDED), strict=True
    ):
        model = models()[kernel]
        assert 2 < model.of("expanded") < 5
        weights = graph.tensors[op.inputs[1]]
        assert weights.data is not None
        bytes_expanded = weights.elements + 12 * weights.shape[0]
        whole, found = (op_instructions(graph, op, kernel, p) for p in (None, {12: 12}))
        assert whole is not None
        further = 11 * (model.call + model.of("expanded") * bytes_expanded)
        assert found == pytest.approx(whole + further, abs=1)


@pytest.mark.slow
def test_what_expanding_takes_in_streams_is_near_what_was_counted() -> None:
    graph = network_of_layers(12, 8, [Layer(1, 1, 24, False), Layer(3, 1, 8)])
    kernels = {Kernel.POINTWISE_EXPANDED, Kernel.CONV_EXPANDED}
    stream = plan_segments(graph, [Segment(SegmentKind.STREAM, 0, 2, chunk=12)])
    schedule = forced(graph, stream, kernels)
    assert {Kernel(k) for _, k in schedule.variants} == kernels
    ran = run_network(graph, schedule)
    assert ran.mismatches == 0
    parts = parts_of(graph, schedule)
    for index, op in enumerate(graph.ops):
        kernel = kernel_in(graph, schedule, op)
        estimated = op_instructions(graph, op, kernel, parts[op.name])
        assert estimated == pytest.approx(ran.by_op[index], rel=0.15)


def test_constants_that_are_expanded_are_read_from_flash_once_a_call() -> None:
    graph = network_of_layers(12, 48, [Layer(1, 1, 96)])
    slow = replace(DEVICE, flash_timing=FlashTiming(5, 32, 0))
    (op,) = graph.ops
    for kernel, parts, passes in (
        (Kernel.POINTWISE_EXPANDED, None, 1),
        (Kernel.POINTWISE_EXPANDED, {12: 12}, 12),
        (Kernel.POINTWISE_WIDE, None, 48),
    ):
        size = constant_bytes(graph, op, kernel).total
        assert flash_cycles(graph, op, kernel, slow, parts) == passes * size / 32 * 5


def test_what_patches_recompute_counts_op_by_op() -> None:
    graph = network_of_layers(10, 8, [Layer(1, 1, 8), Layer(3, 1, 0)])
    parts = parts_of(graph, plan_patch(graph, 2, (2, 1)))
    assert parts == {"y0": {60: 2}, "y1": {50: 2}}


def test_a_core_without_timings_is_named() -> None:
    with pytest.raises(InvalidInputError, match="cortex-m33") as caught:
        estimate_latency(_graph(_rows(1)[0]), replace(DEVICE, core="cortex-m33"))
    assert caught.value.field == "device"
    assert caught.value.allowed == ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7"]


def test_every_kernel_has_figures() -> None:
    assert set(models()) == set(Kernel)
    for model in models().values():
        assert 0.5 < model.cycles["cortex-m7"] <= model.cycles["cortex-m4"] < 4


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3"])
def test_every_kernel_of_the_least_flash_has_figures_for_cores_without_dsp(core: str) -> None:
    assert set(models(core)) >= set(Kernel) - set(BASE)
    for model in models(core).values():
        assert model.cycles.keys() == {core}
        assert 1 < model.cycles[core] < 4


@pytest.mark.parametrize("part", ["stm32f103xe", "stm32g0b1xe", "stm32l552xe"])
def test_instructions_of_other_cores_are_near_those_counted(part: str) -> None:
    graph = network_of_layers(14, 3, [Layer(3, 2, 16), Layer(3, 1, 0), Layer(1, 1, 24)])
    device = load_device(part)
    counted = run_network(graph, device=device)
    estimated = sum(
        op_instructions(graph, op, kernel_of(graph, op), core=device.core) or 0 for op in graph.ops
    )
    assert counted.mismatches == 0
    assert estimated == pytest.approx(counted.instructions, rel=0.15)


def test_a_search_refuses_what_takes_too_long() -> None:
    rows = _rows(40)
    milliseconds = population_latency(Population(Tables((SUBSPACE,), 10, 3), rows), DEVICE)[0]
    limit = float(np.median(milliseconds))
    budget = Budget(1 << 20, 1 << 22, latency_ms=limit)
    feasibility = Feasibility(SUBSPACE, 10, 3, budget, DEVICE, "layer")
    assert feasibility.fitting(rows).tolist() == (milliseconds <= limit).tolist()
    for row, taken in zip(rows[:6], milliseconds, strict=False):
        fit = feasibility.check(Architecture(SPACE, tuple(int(v) for v in row)))
        assert fit.latency_excess == pytest.approx(max(0.0, taken - limit))
        assert fit.fits == (taken <= limit)


def test_stage_1_keeps_to_the_limit_or_names_the_least() -> None:
    def mean_macs(latency_ms: float | None) -> float:
        budget = Budget(320 << 10, 1 << 20, latency_ms=latency_ms)
        table = choose_subspace(
            SPACE,
            budget,
            classes=10,
            input_channels=3,
            device=DEVICE,
            samples=50,
            schedules="layer",
        )
        return float(table.to_json()["chosen"]["mean_macs"])

    assert mean_macs(60.0) < mean_macs(None)
    with pytest.raises(InvalidInputError, match="ms") as caught:
        mean_macs(0.001)
    assert caught.value.field == "latency_ms"
