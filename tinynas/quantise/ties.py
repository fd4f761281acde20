"""Tensors that must have one scale and zero point: LiteRT joins and pools codes, not values."""

from __future__ import annotations

from collections.abc import Mapping

from tinynas.graph.ir import AveragePool2D, Concat, Graph, MaxPool2D
from tinynas.quantise.ranges import Range


def leaders(graph: Graph) -> dict[str, str]:
    """For every activation tensor the first of those that it is tied to (itself, if to none)."""
    leader = {name: name for name, tensor in graph.tensors.items() if not tensor.constant}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    order = {name: i for i, name in enumerate(leader)}
    for op in graph.ops:
        if isinstance(op.attributes, (Concat, MaxPool2D, AveragePool2D)):
            tied = {find(name) for name in (*op.inputs, *op.outputs)}
            first = min(tied, key=order.__getitem__)
            for name in tied:
                leader[name] = first
    return {name: find(name) for name in leader}


def tie(graph: Graph, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """The ranges with those of tied tensors made one that holds all of them."""
    groups: dict[str, Range] = {}
    leader = leaders(graph)
    for name, (low, high) in ranges.items():
        low_0, high_0 = groups.get(leader[name], (low, high))
        groups[leader[name]] = min(low, low_0), max(high, high_0)
    return {name: groups[leader[name]] for name in ranges}
