"""From graph and schedule to a C project."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tinynas.cost import DEFAULT_COMPILER, memory_cost
from tinynas.cost.ir import MemoryCost
from tinynas.cost.layout import constant_bytes
from tinynas.devices import Budget, Device
from tinynas.emit.bundle import DESCRIPTION, FORMAT, GRAPH, VECTORS, Bundle, write_folder
from tinynas.emit.c_text import check_prefix
from tinynas.emit.check import check_emittable
from tinynas.emit.sources import Facts, library_files, project_files
from tinynas.emit.vectors import Vectors
from tinynas.errors import InfeasibleBudgetError
from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.files import save_graph
from tinynas.graph.ir import Graph, Op, op_macs
from tinynas.schedule import Schedule
from tinynas.schedule.kernels import kernel_in


def emit(
    graph: Graph,
    schedule: Schedule,
    device: Device,
    out_dir: Path | str,
    *,
    vectors: Vectors,
    budget: Budget,
    name: str = "network",
    compiler: str = DEFAULT_COMPILER,
    info: Mapping[str, Any] | None = None,
    extra_files: Mapping[str, str | bytes] | None = None,
    report: Callable[[dict[str, Any]], Mapping[str, str]] = lambda _: {},
) -> Bundle:
    """Write the C project of `graph`, executed by `schedule`, into folder `out_dir`.

    Args:
        graph: int8, with weights.
        schedule: layer and patch segments with the arena offset of every buffer, kernels' scratch
            included.
        device: the part that the project is for.
        out_dir: a new or empty folder, or one that holds an older bundle, which is replaced.
        vectors: inputs and the outputs that the integer reference gives for them.
        budget: what the library may use of the device.
        name: prefix of every C symbol.
        compiler: the one that the predictions are for.
        info: goes into `bundle.json` as it is.
        extra_files: further files, by their path in the bundle.
        report: from what `bundle.json` says to still further files.

    Raises:
        InvalidInputError: the graph has something that the kernels cannot run, the schedule lacks a
            buffer, the vectors are not the graph's, or `out_dir` holds something else.
        InfeasibleBudgetError: the predicted SRAM or flash is above the budget.
    """
    check_prefix(name)
    check_emittable(graph, schedule)
    vectors.check(graph)
    cost = memory_cost(graph, schedule, device.core, compiler)
    _check_budget(cost, budget)
    facts = Facts(
        prefix=name,
        device=device.name,
        core=device.core,
        version=version("tinynas"),
        sram_bytes=cost.sram_bytes,
        flash_bytes=cost.flash_bytes,
        sram_budget=budget.sram_bytes,
        flash_budget=budget.flash_bytes,
        compiler=compiler,
    )
    text = json.dumps(describe(graph, schedule, facts, cost, info or {}), indent=2) + "\n"
    description = json.loads(text)
    files: dict[str, str | bytes] = {
        **library_files(graph, schedule, facts),
        **project_files(graph, schedule, facts, vectors),
        VECTORS: vectors.to_bytes(),
        GRAPH: _graph_bytes(graph),
        DESCRIPTION: text,
        **(extra_files or {}),
        **report(description),
    }
    target = Path(out_dir)
    write_folder(target, files)
    return Bundle(target, description)


def describe(
    graph: Graph, schedule: Schedule, facts: Facts, cost: MemoryCost, info: Mapping[str, Any]
) -> dict[str, Any]:
    """What `bundle.json` says."""
    return {
        "format": FORMAT,
        "name": facts.prefix,
        "network": graph.name,
        "tinynas": facts.version,
        "device": facts.device,
        "core": facts.core,
        "arena_bytes": schedule.arena_bytes,
        "budget": {"sram_bytes": facts.sram_budget, "flash_bytes": facts.flash_budget},
        "predicted": {
            "compiler": facts.compiler,
            "sram_bytes": cost.sram_bytes,
            "flash_bytes": cost.flash_bytes,
            "static_bytes": cost.static_bytes,
            "stack_bytes": cost.stack_bytes,
            "constant_bytes": cost.constant_bytes,
            "code_bytes": cost.code_bytes,
        },
        "macs": graph.macs,
        "recomputed_macs": schedule.recomputed_macs,
        "inputs": [_tensor(graph, n) for n in graph.inputs],
        "outputs": [_tensor(graph, n) for n in graph.outputs],
        "operators": [
            {
                "index": i,
                "name": op.name,
                "kind": op.kind,
                "kernel": str(kernel_in(graph, schedule, op)),
                "macs": op_macs(graph, op),
                "constant_bytes": _constant_bytes(graph, schedule, op),
                "shape": list(graph.tensors[op.outputs[0]].shape),
            }
            for i, op in enumerate(graph.ops)
        ],
        "schedule": schedule.to_json(),
        "info": dict(info),
    }


def _constant_bytes(graph: Graph, schedule: Schedule, op: Op) -> int:
    return constant_bytes(graph, op, kernel_in(graph, schedule, op)).total


def _tensor(graph: Graph, name: str) -> dict[str, Any]:
    tensor = graph.tensors[name]
    return {
        "name": name,
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype),
        "scale": scale_of(tensor),
        "zero_point": zero_point_of(tensor),
    }


def _graph_bytes(graph: Graph) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / GRAPH
        save_graph(graph, path)
        return path.read_bytes()


def _check_budget(cost: MemoryCost, budget: Budget) -> None:
    for field, needed, allowed in (
        ("sram", cost.sram_bytes, budget.sram_bytes),
        ("flash", cost.flash_bytes, budget.flash_bytes),
    ):
        if needed > allowed:
            raise InfeasibleBudgetError(
                f"the network needs {needed:,} bytes of {field}, the budget is {allowed:,}",
                field=field,
                required_bytes=needed,
                budget_bytes=allowed,
            )
