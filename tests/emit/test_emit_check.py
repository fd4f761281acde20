"""What cannot become C is refused by name, all of it at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from emit_batch import FACTS
from emit_graphs import convolution

from tinynas.emit.c_text import comment, identifier, initialiser, numbers
from tinynas.emit.check import check_emittable
from tinynas.emit.sources import library_files
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import AveragePool2D, Concat, DType, Graph, Op, Quantisation, Tensor, Window
from tinynas.graph.reference import run
from tinynas.schedule import plan_layer


@pytest.fixture
def graph() -> Graph:
    return convolution(np.random.default_rng(0), (4, 4, 3), 5, Window((3, 3)))


def _problems(graph: Graph, schedule_of: Graph) -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        check_emittable(graph, plan_layer(schedule_of))
    problems = error.value.details["problems"]
    assert all(problem in error.value.message for problem in problems)
    return list(problems)


def test_a_fine_graph_passes(graph: Graph) -> None:
    check_emittable(graph, plan_layer(graph))


def test_every_problem_is_named(graph: Graph) -> None:
    weight = graph.tensors["y.weight"]
    tensors = graph.tensors | {
        "x": replace(graph.tensors["x"], dtype=DType.INT16),
        "y": replace(graph.tensors["y"], quantisation=None),
        "y.weight": replace(weight, data=None, quantisation=Quantisation((0.1,), zero_point=1)),
        "z": Tensor("z", (2, 20)),
    }
    ops = (*graph.ops, Op("z", Concat(1), ("y", "y.bias"), ("z",)))
    bad = replace(graph, tensors=tensors, ops=ops, outputs=("y", "z"))
    problems = " | ".join(_problems(bad, graph))
    for expected in (
        "tensor x: int16, allowed is int8",
        "tensor y: has no quantisation parameters",
        "tensor y.weight: has no data",
        "weights y.weight: zero point 1",
        "tensor z: shape [2, 20]",
        "op z (Concat): constant y.bias",
    ):
        assert expected in problems


def test_a_graph_that_does_nothing(graph: Graph) -> None:
    empty = replace(graph, ops=(), inputs=(), outputs=())
    problems = _problems(empty, graph)
    assert problems[:3] == ["it has no inputs", "it has no outputs", "it has no operators"]


def test_an_average_of_nothing_is_named() -> None:
    scale = Quantisation((0.1,), 0)
    window = Window((2, 2), (2, 2), (0, 2, 0, 2))
    tensors = {
        "x": Tensor("x", (1, 4, 4, 1), quantisation=scale),
        "y": Tensor("y", (1, 3, 3, 1), quantisation=scale),
    }
    op = Op("pool", AveragePool2D(window), ("x",), ("y",))
    graph = Graph("pools", tensors, (op,), ("x",), ("y",))
    said = r"op pool \(AveragePool2D\): a window lies wholly in the padding \(0, 2, 0, 2\)"
    with pytest.raises(InvalidInputError, match=said):
        check_emittable(graph, plan_layer(graph))
    with pytest.raises(InvalidInputError, match=said):
        run(graph, {"x": np.zeros((1, 4, 4, 1), np.int8)})
    fine = replace(op, attributes=AveragePool2D(replace(window, padding=(0, 1, 0, 1))))
    smaller = tensors | {"y": replace(tensors["y"], shape=(1, 2, 2, 1))}
    check_emittable(replace(graph, ops=(fine,), tensors=smaller), plan_layer(graph))


def test_a_kernel_beyond_the_descriptor(graph: Graph) -> None:
    rng = np.random.default_rng(0)
    wide = convolution(rng, (1, 300, 1), 1, Window((1, 256)))
    assert "8 bits" in _problems(wide, wide)[0]


def test_a_schedule_that_cannot_be(graph: Graph) -> None:
    schedule = plan_layer(graph)
    outside = replace(schedule, arena_bytes=schedule.arena_bytes - 1)
    with pytest.raises(InvalidInputError, match="leaves the arena"):
        check_emittable(graph, outside)


def test_a_schedule_without_scratch(graph: Graph) -> None:
    schedule = plan_layer(graph)
    bare = replace(schedule, buffers=tuple(b for b in schedule.buffers if b.tensor is not None))
    with pytest.raises(InvalidInputError, match=r"scratch named y\.scratch"):
        library_files(graph, bare, FACTS)


def test_names_from_elsewhere_stay_names() -> None:
    assert comment("a */ int evil; /* b") == "a _/ int evil_ /_ b"
    assert identifier("model/layer-1:0") == "model_layer_1_0"
    assert numbers(np.array([-(1 << 31), 7])) == "    (-2147483647 - 1), 7"
    assert initialiser({"a": 1, "z": -2, "b": {"c": [1, -2]}, "d": "name"}) == (
        "{\n    .a = 1, .z = -2,\n    .b = {\n        .c = {1, -2},\n    },\n    .d = name,\n}"
    )
