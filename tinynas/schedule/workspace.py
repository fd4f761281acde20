"""What a stream segment needs beside its input and its output, as one block of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinynas.schedule.ir import Segment
from tinynas.schedule.packing import Item, Problem, align
from tinynas.schedule.stream import Stream
from tinynas.schedule.twoended import TwoEndedPacker


@dataclass(frozen=True)
class Need:
    """A buffer without a place yet; the fields are those of `Buffer`."""

    name: str
    bytes: int
    first: int
    last: int
    tensor: str | None = None
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Workspace:
    """Rings one after the other, and behind them what ops use in turns: chunks and scratch.

    Live during ops `first` to `last`, both included.  `inner` are offsets from its begin by name.
    """

    bytes: int
    first: int
    last: int
    inner: Mapping[str, int]
    lower_bound: int


def workspace_of(segment: Segment, stream: Stream, needs: Sequence[Need]) -> Workspace:
    """The workspace of a stream segment; `needs` are all buffers of the network."""
    first, last = segment.first, segment.last - 1
    chunks = {name for name, held in stream.held.items() if held.chunk}
    rings = [n for n in needs if n.tensor in stream.held.keys() - chunks - {stream.out}]
    turns = [
        n
        for n in needs
        if first <= n.first and n.last <= last and (n.tensor is None or n.tensor in chunks)
    ]
    inner, end = {}, 0
    for ring in rings:
        inner[ring.name] = end
        end += align(ring.bytes)
    problem = Problem(tuple(Item(n.bytes, n.first - first, n.last - first) for n in turns), {})
    packing = TwoEndedPacker().pack(problem)
    for need, offset in zip(turns, packing.offsets, strict=True):
        inner[need.name] = end + offset
    return Workspace(end + packing.arena_bytes, first, last, inner, end + problem.lower_bound)
