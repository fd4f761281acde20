"""Tile windows against a brute force that follows every pixel, and the recomputation they cost."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Add, Conv2D, DepthwiseConv2D, Graph, Op, op_macs
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.schedule import Segment, SegmentKind, patch_points, recomputed_macs, tile_windows
from tinynas.schedule.windows import split

OPTIONS = RandomGraphOptions(max_size=20, max_channels=8, blocks=(1, 3), classifier=False)


def patch_segments_of(graph: Graph, rng: np.random.Generator) -> list[Segment]:
    found = []
    for n in patch_points(graph):
        _, height, width, _ = graph.tensors[graph.ops[n - 1].outputs[0]].shape
        grid = (int(rng.integers(1, min(4, height) + 1)), int(rng.integers(1, min(4, width) + 1)))
        found.append(Segment(SegmentKind.PATCH, 0, n, grid))
    return found


def pixels_read(graph: Graph, op: Op, y: int, x: int) -> set[tuple[int, int]]:
    _, height, width, _ = graph.tensors[op.inputs[0]].shape
    if isinstance(op.attributes, Add):
        return {(y, x)}
    assert isinstance(op.attributes, (Conv2D, DepthwiseConv2D))
    w = op.attributes.window
    top, left = y * w.stride[0] - w.padding[0], x * w.stride[1] - w.padding[2]
    return {
        (r, c)
        for r in range(top, top + w.kernel[0])
        for c in range(left, left + w.kernel[1])
        if 0 <= r < height and 0 <= c < width
    }


def needed_pixels(
    graph: Graph, segment: Segment, tile: set[tuple[int, int]]
) -> dict[str, set[tuple[int, int]]]:
    """Pixels of every tensor that `tile` of the segment's output depends on."""
    ops = graph.ops[segment.first : segment.last]
    needed = {ops[-1].outputs[0]: tile}
    for op in reversed(ops):
        for y, x in needed.get(op.outputs[0], set()):
            for tensor in graph.activations_in(op):
                needed.setdefault(tensor.name, set()).update(pixels_read(graph, op, y, x))
    return needed


@pytest.mark.parametrize("seed", range(30))
def test_windows_are_the_bounding_boxes_of_what_a_tile_depends_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, OPTIONS)
    for segment in patch_segments_of(graph, rng):
        tiles = tile_windows(graph, segment)
        assert len(tiles) == segment.grid[0] * segment.grid[1]
        for windows in tiles:
            last = windows[-1]
            tile = {(y, x) for y in range(last.y0, last.y1) for x in range(last.x0, last.x1)}
            needed = needed_pixels(graph, segment, tile)
            for op, window in zip(graph.ops[: segment.last], windows, strict=True):
                pixels = needed.get(op.outputs[0], set())
                if not pixels:
                    assert window.rows == 0 or window.columns == 0
                    continue
                rows, columns = zip(*pixels, strict=True)
                box = (min(rows), max(rows) + 1, min(columns), max(columns) + 1)
                # Explicit padding wider than the kernel's overhang leaves tiles that see padding
                # alone; what they do not see is no reason to compute more.
                assert tuple(window) == box


@pytest.mark.parametrize("seed", range(30))
def test_tiles_cover_the_output_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, OPTIONS)
    for segment in patch_segments_of(graph, rng):
        _, height, width, _ = graph.tensors[graph.ops[segment.last - 1].outputs[0]].shape
        count = np.zeros((height, width), int)
        for windows in tile_windows(graph, segment):
            y0, y1, x0, x1 = windows[-1]
            count[y0:y1, x0:x1] += 1
        assert (count == 1).all()


@pytest.mark.parametrize("seed", range(20))
def test_recomputed_macs_count_every_pixel_beyond_its_first_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, OPTIONS)
    for segment in patch_segments_of(graph, rng):
        expected = 0
        for index, op in enumerate(graph.ops[: segment.last]):
            _, height, width, _ = graph.tensors[op.outputs[0]].shape
            count = np.zeros((height, width), int)
            for windows in tile_windows(graph, segment):
                y0, y1, x0, x1 = windows[index]
                count[y0:y1, x0:x1] += 1
            expected += int(np.maximum(count - 1, 0).sum()) * op_macs(graph, op) // (height * width)
        assert recomputed_macs(graph, segment) == expected


def test_one_tile_recomputes_nothing() -> None:
    graph = random_graph(np.random.default_rng(3), OPTIONS)
    last = patch_points(graph)[-1]
    assert recomputed_macs(graph, Segment(SegmentKind.PATCH, 0, last, (1, 1))) == 0


def test_parts_differ_by_one_at_most() -> None:
    for size in range(1, 30):
        for parts in range(1, min(size, 6) + 1):
            lengths = split(size, parts).lengths
            assert lengths.sum() == size
            assert lengths.min() >= 1
            assert lengths.max() - lengths.min() <= 1


def test_a_finer_grid_than_the_output_is_refused() -> None:
    graph = random_graph(np.random.default_rng(3), OPTIONS)
    last = patch_points(graph)[-1]
    with pytest.raises(InvalidInputError, match="pixels") as error:
        tile_windows(graph, Segment(SegmentKind.PATCH, 0, last, (1000, 1)))
    assert error.value.field == "grid"


def test_a_cut_through_a_residual_connection_is_refused() -> None:
    for seed in range(50):
        graph = random_graph(np.random.default_rng(seed), OPTIONS)
        adds = [i for i, op in enumerate(graph.ops) if isinstance(op.attributes, Add)]
        if adds and graph.ops[adds[0]].inputs[0] != "input" != graph.ops[adds[0]].inputs[1]:
            break
    assert adds[0] not in patch_points(graph)
    with pytest.raises(InvalidInputError, match="whole"):
        tile_windows(graph, Segment(SegmentKind.PATCH, 0, adds[0], (2, 2)))


def test_a_layer_segment_has_no_tiles() -> None:
    graph = random_graph(np.random.default_rng(3), OPTIONS)
    with pytest.raises(InvalidInputError, match="no tiles"):
        tile_windows(graph, Segment(SegmentKind.LAYER, 0, len(graph.ops)))


def test_a_classifier_cannot_be_tiled() -> None:
    options = RandomGraphOptions(classifier=True)
    graph = random_graph(np.random.default_rng(0), options)
    with pytest.raises(InvalidInputError, match="Mean"):
        tile_windows(graph, Segment(SegmentKind.PATCH, 0, len(graph.ops), (1, 1)))
