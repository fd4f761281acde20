"""Random ways to cut a network into segments of all kinds, for tests and benchmarks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.stream import can_be_fed, is_streamable, stream_segment
from tinynas.schedule.windows import patch_points


def streamable_spans(graph: Graph) -> list[tuple[int, int]]:
    """All (first, last) of two ops or more that can be one stream segment."""
    count = len(graph.ops)
    spans = [(a, b) for a in range(count) for b in range(a + 2, count + 1)]
    return [span for span in spans if is_streamable(graph, *span)]


def random_segments(graph: Graph, rng: np.random.Generator, *, fed: float = 0.5) -> list[Segment]:
    """Streams, mostly; now and then a patch segment in front, and layers in between.

    `fed` is the share of first streams that take the input row by row, of those that can.
    """
    spans = streamable_spans(graph)
    segments: list[Segment] = []
    position, count = 0, len(graph.ops)
    points = patch_points(graph)
    if points and rng.random() < 0.25:
        position = int(rng.choice(points))
        _, rows, columns, _ = graph.tensors[graph.ops[position - 1].outputs[0]].shape
        grid = (min(2, rows), min(int(rng.integers(1, 3)), columns))
        segments.append(Segment(SegmentKind.PATCH, 0, position, grid))
    while position < count:
        ends = [b for a, b in spans if a == position]
        if ends and rng.random() < 0.8:
            end, chunk = int(rng.choice(ends)), int(rng.integers(1, 6))
            by_rows = rng.random() < fed and position == 0 and can_be_fed(graph, end)
            segment = Segment(SegmentKind.STREAM, position, end, chunk=chunk, fed=by_rows)
            if rng.random() < 0.5:
                stages = len(stream_segment(graph, segment).stages)
                chunks = tuple(int(n) for n in rng.integers(1, 9, stages))
                segment = replace(segment, chunks=chunks)
            segments.append(segment)
        else:
            end = int(rng.integers(position, count)) + 1
            segments.append(Segment(SegmentKind.LAYER, position, end))
        position = end
    return segments
