"""A model from elsewhere to a C bundle: import, schedule, emit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.build import firmware_files, preferred_compiler
from tinynas.cost import MemoryCost, code_sizes, fastest, memory_cost
from tinynas.devices import HARNESS_SRAM_BYTES, Budget, Device, MemoryKind
from tinynas.emit import MIN_VECTORS, Bundle, Vectors, emit
from tinynas.errors import InfeasibleBudgetError
from tinynas.graph.ir import Graph
from tinynas.graph.rows import pack_rows, run_rows
from tinynas.importer import read_tflite
from tinynas.report import bundle_report
from tinynas.request import is_fed
from tinynas.schedule import Schedule, front, plan, plan_layer

_ATTEMPTS = 4


def compile_tflite(
    model: Path,
    device: Device,
    budget: Budget,
    out: Path,
    *,
    name: str = "network",
    seed: int = 0,
    image: str = "held",
) -> Bundle:
    """The bundle of an int8 `.tflite`, with random test vectors drawn from `seed`.

    `image` is `held`, or `rows` for one that is pushed row by row.

    Raises:
        InvalidInputError: the model cannot be read, or holds something that has no C kernel; all
            of it is named, and nothing is written.  Or its image cannot come row by row.
        InfeasibleBudgetError: it does not fit; says which budget would do.
    """
    graph = read_tflite(model)
    info = {"model": model.name, "seed": seed}
    vectors = random_vectors(graph, seed)
    return compile_graph(
        graph, device, budget, out, vectors=vectors, name=name, info=info, image=image
    )


def compile_weights(
    model: Path,
    device: Device,
    budget: Budget,
    out: Path,
    *,
    calibration: str | None,
    name: str = "network",
    seed: int = 0,
    image: str = "held",
) -> Bundle:
    """The bundle of a search result's `model.pt`; ranges and test vectors come from `calibration`.

    Raises:
        InvalidInputError, InfeasibleBudgetError: see `compile_tflite` and `quantised_weights`.
    """
    from tinynas.pipeline.weights import quantised_weights

    found = quantised_weights(model, calibration, seed=seed)
    vectors = vectors_of(found.graph, found.inputs)
    info = {"model": model.name, "seed": seed, "calibration": calibration}
    return compile_graph(
        found.graph, device, budget, out, vectors=vectors, name=name, info=info, image=image
    )


def compile_graph(
    graph: Graph,
    device: Device,
    budget: Budget,
    out: Path,
    *,
    vectors: Vectors,
    name: str,
    info: dict[str, object],
    image: str = "held",
) -> Bundle:
    """The bundle of an int8 graph, by the fastest schedule that fits.

    Raises:
        InvalidInputError: something in it has no C kernel, or its image cannot come row by row.
        InfeasibleBudgetError: it does not fit; says which budget would do.
    """
    usable = replace(budget, sram_bytes=min(budget.sram_bytes, device.usable_sram_bytes))
    fed = is_fed(image)
    schedule, cost = schedule_within(graph, usable, device.core, preferred_compiler(), fed=fed)
    check_fits(cost, budget)
    check_room(cost, device)
    return write_bundle(graph, schedule, device, budget, vectors, out, name=name, info=info)


def schedule_within(
    graph: Graph, budget: Budget, core: str, compiler: str, *, fed: bool = False
) -> tuple[Schedule, MemoryCost]:
    """The cheapest schedule whose SRAM is within the budget, and its cost; see `plan`.

    Where none is, the one of the smallest arena: the caller compares the cost with the budget.
    `fed`: the input comes row by row.

    Raises:
        InvalidInputError: the first ops cannot run row by row, so the input has to be held.
    """
    if not fed:
        by_layer = plan_layer(graph)
        cost = memory_cost(graph, by_layer, core, compiler)
        if cost.sram_bytes <= budget.sram_bytes:
            return by_layer, cost
    # What is beside the arena depends on the schedule a little, so one that fits may not at first.
    arena = budget.sram_bytes - code_sizes(core, compiler).static
    for _ in range(_ATTEMPTS):
        try:
            schedule = plan(graph, arena_bytes=max(1, arena), fed=fed)
        except InfeasibleBudgetError:
            break
        cost = memory_cost(graph, schedule, core, compiler)
        if cost.sram_bytes <= budget.sram_bytes:
            return schedule, cost
        arena = min(arena - 1, budget.sram_bytes - (cost.sram_bytes - cost.arena_bytes))
    schedule = front(graph, fed=fed)[-1]
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

    What it promises is for the compiler that will build it here.  Flash that the budget
    leaves over is spent on faster kernels.
    """
    compiler = preferred_compiler()
    usable = replace(budget, sram_bytes=min(budget.sram_bytes, device.usable_sram_bytes))
    schedule = fastest(graph, schedule, usable, device, compiler)
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
