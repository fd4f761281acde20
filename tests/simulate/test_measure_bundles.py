"""Emitted bundles on the simulated device: every byte as the integer reference has it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.kernel_shapes import Layer, forced, network_of_layers
from tinynas.build import find_toolchain, firmware_files
from tinynas.build.toolchain import ZIG
from tinynas.cost import memory_cost
from tinynas.devices import load_device, stand_in
from tinynas.emit import Bundle, Vectors, emit
from tinynas.errors import InvalidInputError, MissingToolError
from tinynas.graph.files import save_graph
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.reference import run
from tinynas.schedule import Schedule, plan_layer, schedules_for
from tinynas.schedule.kernels import Kernel
from tinynas.simulate import find_simulator, simulator_names, validate

SMALL = RandomGraphOptions(max_size=12, max_channels=16, blocks=(2, 4), classifier=True)
WriteEmitted = Callable[..., Bundle]


@pytest.fixture
def emitted(tmp_path: Path) -> WriteEmitted:
    """Emits a graph with 16 random vectors and the firmware of a device."""

    def write(
        graph: Graph, schedule: Schedule, part: str = "stm32f405rg", *, in_flash: bool = True
    ) -> Bundle:
        device, rng = load_device(part), np.random.default_rng(3)
        shape = graph.tensors[graph.inputs[0]].shape
        inputs = rng.integers(-128, 128, (16, *shape[1:]), dtype=np.int8)
        outputs = run(graph, {graph.inputs[0]: inputs})[graph.outputs[0]]
        vectors = Vectors(inputs, outputs.astype(np.int8))
        size = vectors.inputs.nbytes + vectors.outputs.nbytes
        firmware = firmware_files(
            device,
            name="net",
            vector_bytes=size if in_flash else 1 << 30,
            library_flash_bytes=100_000,
        )
        return emit(
            graph,
            schedule,
            device,
            tmp_path / f"bundle{len(list(tmp_path.iterdir()))}",
            vectors=vectors,
            budget=device.default_budget,
            name="net",
            extra_files={f"firmware/{name}": text for name, text in firmware.items()},
        )

    return write


def patched(graph: Graph) -> Schedule | None:
    """The schedule with the most patches, if there is one."""
    return next((s for s in reversed(schedules_for(graph)) if s.segments[0].grid != (1, 1)), None)


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_give_the_references_bytes_by_layer_and_by_patch(
    emitted: WriteEmitted, seed: int
) -> None:
    graph = random_graph(np.random.default_rng(seed), SMALL)
    layer = validate(emitted(graph, plan_layer(graph)), simulator="unicorn")
    assert layer.mismatched_bytes == 0
    assert layer.run.outputs.any(), "all zeros would prove nothing"
    patch_schedule = patched(graph)
    if patch_schedule is not None:
        patch = validate(emitted(graph, patch_schedule), simulator="unicorn")
        assert patch.mismatched_bytes == 0
        assert np.array_equal(patch.run.outputs, layer.run.outputs)


@pytest.mark.parametrize("name", simulator_names())
@pytest.mark.parametrize(
    "part", ["stm32f411xe", "stm32f746xg", "stm32f103xe", "stm32g0b1xe", "stm32l552xe"]
)
def test_every_simulator_measures_the_same(emitted: WriteEmitted, name: str, part: str) -> None:
    try:
        find_simulator(name)
    except MissingToolError as error:
        pytest.skip(error.message)
    graph = random_graph(np.random.default_rng(5), SMALL)
    bundle = emitted(graph, plan_layer(graph), part)
    found = validate(bundle, simulator=name)
    reference = validate(bundle, simulator="unicorn")
    assert found.mismatched_bytes == 0
    assert np.array_equal(found.run.outputs, reference.run.outputs)
    assert found.run.instructions == pytest.approx(reference.run.instructions, rel=0.01, abs=1000)
    if found.firmware.device == reference.firmware.device:
        assert found.to_json()["sram_bytes"] == reference.to_json()["sram_bytes"]
        assert found.to_json()["flash_bytes"] == reference.to_json()["flash_bytes"]
    else:
        assert name == "qemu"
        assert found.firmware.device == stand_in(reference.firmware.device.core)


def test_the_measurement_says_what_the_issue_asks_for(emitted: WriteEmitted) -> None:
    graph = random_graph(np.random.default_rng(5), SMALL)
    schedule = plan_layer(graph)
    found = validate(emitted(graph, schedule), simulator="unicorn").to_json()
    sram, flash, layers = found["sram_bytes"], found["flash_bytes"], found["layers"]
    assert found["simulator"] == "unicorn"
    assert found["device"] == "STM32F405xG"
    assert found["vectors"] == 16
    assert found["instructions_per_mac"] == found["instructions"] / graph.macs
    assert sram["linked"] == schedule.arena_bytes + 4
    assert sram["measured"] == sram["linked"] + sram["stack"]
    assert flash["measured"] == flash["code"] + flash["constants"]
    assert [layer["name"] for layer in layers] == [op.name for op in graph.ops]
    assert max(layer["sram_bytes"] for layer in layers) <= schedule.arena_bytes
    assert sum(layer["flash_bytes"] for layer in layers) == flash["constants"]
    assert sum(layer["macs"] for layer in layers) == graph.macs
    assert 0.99 < sum(layer["instructions"] for layer in layers) / found["instructions"] <= 1


@pytest.mark.parametrize("size", [3, 5, 7])
def test_the_stack_of_the_depthwise_kernel_grows_with_its_taps(
    emitted: WriteEmitted, size: int
) -> None:
    graph = network_of_layers(9, 8, [Layer(size, 1, 0)])
    schedule = forced(graph, plan_layer(graph), {Kernel.DEPTHWISE_WIDE})
    assert len(schedule.variants) == 1
    measured = validate(emitted(graph, schedule), simulator="unicorn").to_json()["sram_bytes"]
    assert abs(measured["stack"] - memory_cost(graph, schedule, "cortex-m4").stack_bytes) <= 8


def test_a_wrong_byte_is_found(emitted: WriteEmitted, tmp_path: Path) -> None:
    """The expected bytes come from the graph: neither the C nor its vectors are believed."""
    graph = random_graph(np.random.default_rng(5), SMALL)
    bundle = emitted(graph, plan_layer(graph))
    bias = graph.tensors[graph.ops[-1].inputs[2]]
    assert bias.data is not None
    shifted = dataclasses.replace(bias, data=bias.data.astype(np.int32) + 2000)
    other = dataclasses.replace(graph, tensors={**graph.tensors, bias.name: shifted})
    save_graph(other, bundle.path / "graph.npz")
    assert validate(bundle.path, simulator="unicorn").mismatched_bytes > 0


def test_inputs_that_do_not_fit_into_flash_come_from_the_host(emitted: WriteEmitted) -> None:
    graph = random_graph(np.random.default_rng(5), SMALL)
    schedule = plan_layer(graph)
    held = validate(emitted(graph, schedule), simulator="unicorn")
    fed = validate(emitted(graph, schedule, in_flash=False), simulator="unicorn")
    assert held.firmware.vector_flash_bytes > 0
    assert fed.firmware.vector_flash_bytes == 0
    assert fed.mismatched_bytes == 0
    assert np.array_equal(fed.run.outputs, held.run.outputs)
    assert fed.run.instructions == held.run.instructions
    assert fed.firmware.flash_bytes == held.firmware.flash_bytes
    few = validate(held.bundle, simulator="unicorn", limit=3)
    assert np.array_equal(few.run.outputs, held.run.outputs[:3])


def test_the_compiler_from_pypi_gives_the_same_bytes(emitted: WriteEmitted) -> None:
    try:
        find_toolchain(ZIG)
    except MissingToolError as error:
        pytest.skip(error.message)
    graph = random_graph(np.random.default_rng(6), SMALL)
    found = validate(emitted(graph, plan_layer(graph)), simulator="unicorn", toolchain=ZIG)
    assert found.mismatched_bytes == 0
    assert found.to_json()["compiler"].startswith("ziglang")


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        validate(tmp_path)
    assert caught.value.field == "bundle"
