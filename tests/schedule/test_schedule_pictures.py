"""Pictures of schedules: what they show is what the schedule says, and they are the same again."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, Segment, SegmentKind, plan_layer, plan_patch, plan_segments
from tinynas.schedule.pictures import FrontPicture, MemoryPicture, kind_of, live_bytes, unbeaten
from tinynas.schedule.stream import MIN_CHUNK
from tinynas.schedule.windows import patch_points
from tinynas.spaces import Subspace, load_space, network_of, skeleton


@pytest.fixture(scope="module")
def graph() -> Graph:
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 32), space.smallest, classes=10, input_channels=3)
    return skeleton(network, name="smallest")


@pytest.fixture(scope="module")
def schedules(graph: Graph) -> list[Schedule]:
    point = patch_points(graph)[4]
    stream = [
        Segment(SegmentKind.STREAM, 0, point, chunk=MIN_CHUNK),
        Segment(SegmentKind.LAYER, point, len(graph.ops)),
    ]
    patched = [plan_patch(graph, point, grid) for grid in ((1, 2), (2, 2), (3, 3))]
    return [plan_layer(graph), *patched, plan_segments(graph, stream)]


def test_a_map_names_the_arena_its_peak_and_its_segments(
    graph: Graph, schedules: list[Schedule], tmp_path: Path
) -> None:
    for number, schedule in enumerate(schedules):
        file = tmp_path / f"{number}.png"
        MemoryPicture(graph, schedule).save(file)
        pixels = np.asarray(Image.open(file).convert("RGB")).reshape(-1, 3)
        # The image or the logits in their colour, and the line at the fullest op.
        assert (pixels == (0xC2, 0x41, 0x0C)).all(axis=1).sum() > 100
        text = MemoryPicture(graph, schedule)._repr_svg_()
        assert ElementTree.fromstring(text).tag.endswith("svg")


def test_the_fullest_op_is_never_more_than_the_arena(
    graph: Graph, schedules: list[Schedule]
) -> None:
    for schedule in schedules:
        live = live_bytes(schedule, len(graph.ops))
        assert 0.8 * schedule.arena_bytes < max(live) <= schedule.arena_bytes


def test_the_front_is_what_no_other_beats(schedules: list[Schedule]) -> None:
    best = unbeaten(schedules)
    for schedule in schedules:
        assert any(
            b.arena_bytes <= schedule.arena_bytes and b.recomputed_macs <= schedule.recomputed_macs
            for b in best
        )
    arenas = [b.arena_bytes for b in best]
    assert arenas == sorted(set(arenas), reverse=True)
    assert [kind_of(s) for s in schedules] == ["layer", "patch", "patch", "patch", "stream"]


def test_equal_schedules_give_equal_pictures(
    graph: Graph, schedules: list[Schedule], tmp_path: Path
) -> None:
    picture = FrontPicture(graph, schedules)
    for name in ("a.svg", "b.svg"):
        picture.save(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(InvalidInputError, match="gif"):
        picture.save(tmp_path / "c.gif")
