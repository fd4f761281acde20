"""Where the tensors of an op lie in the arena, as the C descriptors say it."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.cost.layout import scratch_bytes, scratch_name
from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import zero_point_of
from tinynas.graph.ir import Graph, Op, Tensor
from tinynas.schedule import Schedule, Segment, SegmentKind
from tinynas.schedule.kernels import kernel_in
from tinynas.schedule.stream import stream_segment

WHOLE = -1
"""The span of a tensor that is held from its row 0 and column 0 on."""

STREAM_SPAN = 0
"""The one span of a stream's tile: the row and the columns that a stage is about to compute."""


@dataclass(frozen=True)
class Place:
    """The members of a `tinynas_tensor`, in order."""

    offset: int
    row_bytes: int
    rows: int
    columns: int
    channels: int
    ring: int
    span: int
    zero_point: int


def segment_of(schedule: Schedule, index: int) -> Segment:
    """The segment that executes op number `index`.

    Raises:
        InvalidInputError: none does.
    """
    for segment in schedule.segments:
        if segment.first <= index < segment.last:
            return segment
    raise InvalidInputError(
        f"schedule: no segment executes op {index}", field="schedule", given=index
    )


def window_of(segment: Segment, index: int) -> int:
    """The tile's span that says what op number `index` computes of its output."""
    return STREAM_SPAN if segment.kind is SegmentKind.STREAM else index - segment.first


def extent(tensor: Tensor) -> tuple[int, int, int]:
    """(rows, columns, channels): the last three dimensions, 1 where there are fewer."""
    dimensions = (1, 1, 1, *tensor.shape)
    return dimensions[-3], dimensions[-2], dimensions[-1]


def place_of(graph: Graph, schedule: Schedule, segment: Segment, name: str) -> Place:
    """Where `segment` finds tensor `name`.

    What a patch segment computes on its way is there as a tile; what it reads and its last op's
    output are whole.  What a stream segment computes is there as a chunk of a row, a ring of rows,
    or whole.
    """
    tensor = graph.tensors[name]
    rows, columns, channels = extent(tensor)
    buffer = schedule.buffer_of(name)
    span = WHOLE
    held_rows, held_columns = rows, columns
    if segment.kind is SegmentKind.PATCH:
        inside = [op.outputs[0] for op in graph.ops[segment.first : segment.last - 1]]
        if name in inside:
            span, held_rows, held_columns = inside.index(name), buffer.rows, buffer.columns
    elif segment.kind is SegmentKind.STREAM:
        held = stream_segment(graph, segment).held.get(name)
        if held is not None:
            held_rows, held_columns = buffer.rows, buffer.columns
            span = STREAM_SPAN if held.chunk else WHOLE
    return Place(
        offset=buffer.offset,
        row_bytes=held_columns * channels,
        rows=rows,
        columns=columns,
        channels=channels,
        ring=held_rows,
        span=span,
        zero_point=zero_point_of(tensor),
    )


def scratch_offset(graph: Graph, schedule: Schedule, op: Op) -> int:
    """The arena offset of an op's scratch memory; 0 where it needs none.

    Raises:
        InvalidInputError: the schedule has none, too little, or not on a word.
    """
    needed = scratch_bytes(graph, op, kernel_in(graph, schedule, op))
    if needed == 0:
        return 0
    name = scratch_name(op)
    for buffer in schedule.buffers:
        if buffer.name == name and buffer.bytes >= needed and buffer.offset % 4 == 0:
            return buffer.offset
    raise InvalidInputError(
        f"schedule: op {op.name} needs {needed} word-aligned bytes of scratch named {name}",
        field="schedule",
        given=[b.name for b in schedule.buffers if b.tensor is None],
        allowed=name,
    )
