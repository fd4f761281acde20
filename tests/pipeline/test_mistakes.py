"""Which mistakes are shown: the surest ones, each with its own picture."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tinynas.data import Split
from tinynas.graph.ir import Graph
from tinynas.pipeline.mistakes import worst_mistakes
from tinynas.quantise import quantise
from tinynas.spaces import Subspace, load_space, network_of
from tinynas.supernet import Subnet

CLASSES = ("disc", "ring", "star")


@pytest.fixture(scope="module")
def graph() -> Graph:
    space = load_space("tiny")
    shape = network_of(Subspace(space, 0.25, 16), space.smallest, classes=3, input_channels=1)
    return quantise(Subnet(shape).eval(), np.zeros((8, 16, 16, 1), dtype=np.uint8))


@pytest.fixture(scope="module")
def test() -> Split:
    """Four images, each of one grey that names it."""
    images = np.stack([np.full((8, 8, 1), 40 * i, dtype=np.uint8) for i in range(4)])
    return Split(images, np.array([0, 1, 2, 0], dtype=np.int64))


def test_the_surest_mistakes_come_first_with_their_pictures(graph: Graph, test: Split) -> None:
    outputs = np.array([[9, 0, 0], [90, 10, 0], [60, 50, 40], [0, 1, 0]], dtype=np.int8)
    found = worst_mistakes(graph, outputs, test, CLASSES)
    assert [(m["index"], m["true"], m["taken_for"]) for m in found] == [
        (1, "ring", "disc"),
        (2, "star", "disc"),
        (3, "disc", "ring"),
    ]
    for mistake in found:
        assert mistake["confidence"] >= mistake["confidence_in_truth"]
        head, data = mistake["image"].split(",")
        assert head == "data:image/png;base64"
        drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        assert (drawn == 40 * mistake["index"]).all()


def test_no_more_are_shown_than_asked_for_and_none_where_all_is_right(
    graph: Graph, test: Split
) -> None:
    wrong = np.array([[0, 9, 0]] * 4, dtype=np.int8)
    assert len(worst_mistakes(graph, wrong, test, CLASSES, limit=2)) == 2
    right = np.eye(3, dtype=np.int8)[test.labels] * 50
    assert worst_mistakes(graph, right, test, CLASSES) == []
