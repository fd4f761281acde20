"""Predicted memory against what the linker and the simulator find."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from benchmarks.code_size_networks import samples
from benchmarks.code_sizes import DEVICES, build
from benchmarks.kernel_shapes import Layer, network_of_layers
from tinynas.build import find_toolchain, toolchains
from tinynas.cost import DEFAULT_COMPILER, code_sizes, kernel_cost, memory_cost
from tinynas.cost.code import CodeSizes
from tinynas.cost.forms import needs_general_form
from tinynas.devices import load_device
from tinynas.devices.model import CORES
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.random import random_graph
from tinynas.schedule import (
    Segment,
    SegmentKind,
    patch_points,
    plan_layer,
    plan_patch,
    plan_segments,
)
from tinynas.schedule.kernels import BASE, Kernel
from tinynas.spaces import Subspace, load_space, network_of, skeleton


def close(predicted: int, measured: int) -> bool:
    """Within the larger of 64 bytes and 2%."""
    return abs(predicted - measured) <= max(64, 0.02 * measured)


@pytest.mark.slow
@pytest.mark.parametrize("toolchain", [t.name for t in toolchains()])
def test_predictions_are_what_is_linked_and_measured(toolchain: str) -> None:
    """Two random networks, each by layer and by patch."""
    device = load_device(DEVICES[0])
    for graph, schedule in islice(samples(), 4):
        found = build(graph, schedule, device, find_toolchain(toolchain))
        cost = memory_cost(graph, schedule, device.core, toolchain)
        assert (cost.constant_bytes, cost.static_bytes) == (found.constants, found.static)
        assert close(cost.code_bytes, found.code), (cost.code_bytes, found.code)
        assert close(cost.stack_bytes, found.stack), (cost.stack_bytes, found.stack)
        assert cost.sram_bytes == schedule.arena_bytes + cost.static_bytes + cost.stack_bytes
        assert cost.flash_bytes == cost.constant_bytes + cost.code_bytes


@pytest.mark.parametrize("core", CORES)
def test_every_kernel_is_measured_for_both_compilers(core: str) -> None:
    """On cores beside the M4 and M7 at least those of the least flash: others are not offered."""
    needed = set(Kernel) if core in ("cortex-m4", "cortex-m7") else set(Kernel) - set(BASE)
    for compiler in (DEFAULT_COMPILER, "ziglang"):
        sizes = code_sizes(core, compiler)
        assert set(sizes.kernels) == set(sizes.stacks) >= needed
        assert all(sizes.functions[f] > 0 for k in sizes.kernels for f in sizes.kernels[k])
        assert all(sizes.general_stacks[k] > sizes.stacks[k] for k in sizes.general_stacks)


def test_an_unmeasured_core_is_refused_with_the_measured_ones() -> None:
    with pytest.raises(InvalidInputError, match="cortex-m55") as error:
        code_sizes("cortex-m55")
    assert "cortex-m4 with arm-none-eabi-gcc" in error.value.allowed


def test_an_unmeasured_kernel_is_named() -> None:
    sizes = code_sizes("cortex-m4")
    fewer = {k: f for k, f in sizes.kernels.items() if k is not Kernel.POINTWISE}
    known = CodeSizes(**{**vars(sizes), "kernels": fewer})
    graph = skeleton_of_smallest()
    with pytest.raises(InvalidInputError, match="pointwise"):
        known.code_bytes(graph, plan_layer(graph))


def test_patches_cost_code_tables_and_stack() -> None:
    graph = skeleton_of_smallest()
    by_layer = memory_cost(graph, plan_layer(graph), "cortex-m4")
    ops = patch_points(graph)[0]
    by_patch = memory_cost(graph, plan_patch(graph, ops, (2, 3)), "cortex-m4")
    assert by_patch.constant_bytes - by_layer.constant_bytes == 4 * ops * (2 + 3)
    assert by_patch.code_bytes > by_layer.code_bytes
    assert by_patch.stack_bytes > by_layer.stack_bytes


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [1, 2, 3])
def test_rows_that_are_fed_are_counted_by_a_mask_or_by_division(kernel: int) -> None:
    """A ring of two to the power of something takes no routine on a core that has no division."""
    device = load_device("stm32g0b1xe")
    graph = network_of_layers(8, 4, [Layer(kernel, 1, 4)])
    schedule = plan_segments(graph, [Segment(SegmentKind.STREAM, 0, 1, chunk=8, fed=True)])
    assert schedule.buffer_of(graph.inputs[0]).rows == kernel
    toolchain = find_toolchain(DEFAULT_COMPILER)
    found = build(graph, schedule, device, toolchain)
    predicted = memory_cost(graph, schedule, device.core, toolchain.name).code_bytes
    assert close(predicted, found.code), (predicted, found.code)


@pytest.mark.slow
@pytest.mark.parametrize("toolchain", [t.name for t in toolchains()])
def test_calls_of_tiles_are_written_once_whatever_the_grid(toolchain: str) -> None:
    device = load_device(DEVICES[0])
    graph = network_of_layers(10, 3, [Layer(3, 1, 4), Layer(1, 1, 4)])
    for grid in ((2, 2), (5, 3), (5, 5)):
        schedule = plan_patch(graph, 2, grid)
        found = build(graph, schedule, device, find_toolchain(toolchain))
        predicted = memory_cost(graph, schedule, device.core, toolchain).code_bytes
        assert close(predicted, found.code), (grid, predicted, found.code)


def test_kernel_costs_add_up_to_the_constants() -> None:
    graph = skeleton_of_smallest()
    schedule = plan_patch(graph, patch_points(graph)[1], (2, 2))
    total = 0
    for segment in schedule.segments:
        for op in graph.ops[segment.first : segment.last]:
            total += kernel_cost(graph, op, segment).flash_bytes
    assert total == memory_cost(graph, schedule, "cortex-m4").constant_bytes
    stem = kernel_cost(graph, graph.ops[0], Segment(SegmentKind.LAYER, 0, 1))
    assert (stem.variant, stem.scratch_bytes) == (Kernel.CONV, 4 * 28)


def test_a_skeleton_is_taken_to_need_no_general_form() -> None:
    graph = skeleton_of_smallest()
    assert not any(needs_general_form(graph, op) for op in graph.ops)
    found = {
        needs_general_form(random, op)
        for seed in range(12)
        for random in [random_graph(np.random.default_rng(seed))]
        for op in random.ops
    }
    assert found == {False, True}


def skeleton_of_smallest() -> Graph:
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 32), space.smallest, classes=10, input_channels=3)
    return skeleton(network)
