"""A model from elsewhere to a C bundle: import, schedule, emit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.build import firmware_files, preferred_compiler
from tinynas.cost import MemoryCost, code_sizes, memory_cost
from tinynas.devices import HARNESS_SRAM_BYTES, Budget, Device, MemoryKind
from tinynas.emit import MIN_VECTORS, Bundle, Vectors, emit
from tinynas.errors import InfeasibleBudgetError
from tinynas.graph.ir import Graph
from tinynas.graph.rows import pack_rows, run_rows
from tinynas.importer import read_tflite
from tinynas.report import bundle_report
from tinynas.schedule import Schedule, plan, plan_layer


def compile_tflite(
    model: Path, device: Device, budget: Budget, out: Path, *, name: str = "network", seed: int = 0
) -> Bundle:
    """The bundle of an int8 `.tflite`, with random test vectors drawn from `seed`.

    Raises:
        InvalidInputError: the model cannot be read, or holds something that has no C kernel; all
            of it is named, and nothing is written.
        InfeasibleBudgetError: it does not fit; says which budget would do.
    """
    graph = read_tflite(model)
    info = {"model": model.name, "seed": seed}
    vectors = random_vectors(graph, seed)
    return compile_graph(graph, device, budget, out, vectors=vectors, name=name, info=info)


def compile_weights(
    model: Path,
    device: Device,
    budget: Budget,
    out: Path,
    *,
    calibration: str | None,
    name: str = "network",
    seed: int = 0,
) -> Bundle:
    """The bundle of a search result's `model.pt`; ranges and test vectors come from `calibration`.

    Raises:
        InvalidInputError, InfeasibleBudgetError: see `compile_tflite` and `quantised_weights`.
    """
    from tinynas.pipeline.weights import quantised_weights

    found = quantised_weights(model, calibration, seed=seed)
    vectors = vectors_of(found.graph, found.inputs)
    info = {"model": model.name, "seed": seed, "calibration": calibration}
    return compile_graph(found.graph, device, budget, out, vectors=vectors, name=name, info=info)


def compile_graph(
    graph: Graph,
    device: Device,
    budget: Budget,
    out: Path,
    *,
    vectors: Vectors,
    name: str,
    info: dict[str, object],
) -> Bundle:
    """The bundle of an int8 graph, by the fastest schedule that fits.

    Raises:
        InvalidInputError: something in it has no C kernel.
        InfeasibleBudgetError: it does not fit; says which budget would do.
    """
    usable = replace(budget, sram_bytes=min(budget.sram_bytes, device.usable_sram_bytes))
    schedule, cost = schedule_within(graph, usable, device.core, preferred_compiler())
    check_fits(cost, budget)
    check_room(cost, device)
    return write_bundle(graph, schedule, device, budget, vectors, out, name=name, info=info)


def schedule_within(
    graph: Graph, budget: Budget, core: str, compiler: str
) -> tuple[Schedule, MemoryCost]:
    """The fastest schedule of those whose SRAM is within the budget, and its cost.

    That is the one that recomputes least; of those that recompute nothing the one layer by layer,
    which calls each kernel once.  Where none fits, also that: the caller compares the cost with the
    budget.
    """
    by_layer = plan_layer(graph)
    cost = memory_cost(graph, by_layer, core, compiler)
    if cost.sram_bytes <= budget.sram_bytes:
        return by_layer, cost
    beside_arena = cost.static_bytes + cost.stack_bytes + code_sizes(core, compiler).patch_stack
    try:
        schedule = plan(graph, arena_bytes=max(1, budget.sram_bytes - beside_arena))
    except InfeasibleBudgetError:
        return by_layer, cost
    return schedule, memory_cost(graph, schedule, core, compiler)


def check_fits(cost: MemoryCost, budget: Budget) -> None:
    """Raises: InfeasibleBudgetError: SRAM or flash is above the budget."""
    for field, required, allowed in (
        ("sram", cost.sram_bytes, budget.sram_bytes),
        ("flash", cost.flash_bytes, budget.flash_bytes),
    ):
        if required > allowed:
            raise InfeasibleBudgetError(
                f"{field}: the model needs {required} bytes, the budget is {allowed}",
                field=field,
                required_bytes=required,
                budget_bytes=allowed,
            )


def check_room(cost: MemoryCost, device: Device) -> None:
    """Whether the firmware around the network still finds its place in the part's SRAM.

    Raises:
        InfeasibleBudgetError: it does not; the linker would say so, but only later.
    """
    if cost.sram_bytes > device.usable_sram_bytes:
        region = device.largest(MemoryKind.SRAM)
        raise InfeasibleBudgetError(
            f"sram: the model needs {cost.sram_bytes} bytes and the firmware around it up to "
            f"{HARNESS_SRAM_BYTES}; {region.name} of {device.name} has {region.bytes}",
            field="sram",
            required_bytes=cost.sram_bytes + HARNESS_SRAM_BYTES,
            budget_bytes=region.bytes,
        )


def random_vectors(graph: Graph, seed: int) -> Vectors:
    """Inputs drawn evenly from int8, and their outputs."""
    rng = np.random.default_rng(seed)
    shapes = [(name, graph.tensors[name].shape[1:]) for name in graph.inputs]
    drawn = {
        name: rng.integers(-128, 128, (MIN_VECTORS, *shape), dtype=np.int8)
        for name, shape in shapes
    }
    return vectors_of(graph, pack_rows(graph, graph.inputs, drawn))


def vectors_of(graph: Graph, inputs: NDArray[np.int8]) -> Vectors:
    """Inputs [N, ...] (see `Vectors`) with what the integer reference makes of them."""
    return Vectors(inputs, run_rows(graph, inputs))


def write_bundle(
    graph: Graph,
    schedule: Schedule,
    device: Device,
    budget: Budget,
    vectors: Vectors,
    out: Path,
    *,
    name: str,
    info: dict[str, object],
) -> Bundle:
    """The C project with the firmware for its device and a report in it.

    What it promises is for the compiler that will build it here.
    """
    compiler = preferred_compiler()
    cost = memory_cost(graph, schedule, device.core, compiler)
    firmware = firmware_files(
        device,
        name=name,
        vector_bytes=vectors.inputs.nbytes + vectors.outputs.nbytes,
        library_flash_bytes=cost.flash_bytes,
        inputs=len(graph.inputs),
        outputs=len(graph.outputs),
    )
    return emit(
        graph,
        schedule,
        device,
        out,
        vectors=vectors,
        budget=budget,
        name=name,
        compiler=compiler,
        info=info,
        extra_files={f"firmware/{file}": text for file, text in firmware.items()},
        report=lambda description: bundle_report(description, graph, schedule),
    )
