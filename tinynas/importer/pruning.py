"""Leaving out what no output needs."""

from __future__ import annotations

from dataclasses import replace

from tinynas.graph.ir import Graph, Op


def without_unused(graph: Graph) -> Graph:
    """Without the ops and tensors from which no output comes."""
    needed = set(graph.outputs)
    ops: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            needed.update(op.inputs)
            ops.append(op)
    kept = needed | set(graph.inputs)
    tensors = {name: t for name, t in graph.tensors.items() if name in kept}
    return replace(graph, tensors=tensors, ops=tuple(reversed(ops)))
