"""The text of every C file of a bundle, from the kernels and templates of this package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np

from tinynas.cost import DEFAULT_COMPILER
from tinynas.emit.c_text import comment, identifier, initialiser, numbered, numbers, words
from tinynas.emit.members import CONSTANTS
from tinynas.emit.operators import Operator, operator_of, sources_of
from tinynas.emit.placement import extent
from tinynas.emit.vectors import Vectors
from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.ir import Graph, op_macs
from tinynas.schedule import Schedule, Segment, SegmentKind, tile_windows
from tinynas.schedule.stream import stream_segment

HEADERS = (
    "tinynas_words.h",
    "tinynas_packed_c.h",
    "tinynas_packed_dsp.h",
    "tinynas_arithmetic.h",
    "tinynas_kernels.h",
)


@dataclass(frozen=True)
class Facts:
    """What headers and texts say beside the network itself (bytes).

    `sram_bytes` and `flash_bytes` are predicted for the library as `compiler` builds it.
    """

    prefix: str
    device: str
    core: str
    version: str
    sram_bytes: int
    flash_bytes: int
    sram_budget: int
    flash_budget: int
    compiler: str = DEFAULT_COMPILER


def library_files(graph: Graph, schedule: Schedule, facts: Facts) -> dict[str, str]:
    """The library: path in the bundle to text.  Equal arguments give equal text.

    Raises:
        InvalidInputError, ValueError: see `tinynas.emit.operators.operator_of`.
    """
    operators = [operator_of(graph, schedule, i) for i in range(len(graph.ops))]
    prefix = facts.prefix
    context = {
        **common_context(graph, schedule, facts),
        "segments": [_segment(graph, s, operators, prefix) for s in schedule.segments],
        "operators": [_operator(graph, o, prefix) for o in operators],
    }
    texts = {
        f"include/{prefix}.h": render("public.h.jinja", context),
        f"src/{prefix}.c": render("network.c.jinja", context),
        f"src/{prefix}_operators.h": render("operators.h.jinja", context),
        f"src/{prefix}_operators.c": render("operators.c.jinja", context),
    }
    for header in HEADERS:
        texts["src/" + header.replace("tinynas", prefix)] = kernel_text(header, prefix)
    sources = {*sources_of({o.kernel for o in operators}), *_stream_sources(schedule)}
    for source in sorted(sources):
        texts["src/" + source.replace("tinynas", prefix)] = kernel_text(source, prefix)
    return texts


def project_files(
    graph: Graph, schedule: Schedule, facts: Facts, vectors: Vectors
) -> dict[str, str]:
    """What surrounds the library: test, Makefile, CMakeLists.txt, README, licence."""
    context = {
        **common_context(graph, schedule, facts),
        "vectors": {
            "count": len(vectors.inputs),
            "inputs": [numbers(row) for row in vectors.inputs.reshape(len(vectors.inputs), -1)],
            "outputs": [numbers(row) for row in vectors.outputs.reshape(len(vectors.outputs), -1)],
        },
    }
    return {
        "test/vectors.h": render("vectors.h.jinja", context),
        "test/vectors.c": render("vectors.c.jinja", context),
        "test/host_test.c": render("host_test.c.jinja", context),
        "Makefile": render("Makefile.jinja", context),
        "CMakeLists.txt": render("CMakeLists.txt.jinja", context),
        "README.md": render("README.md.jinja", context),
        "LICENSE": (files("tinynas.emit") / "templates" / "LICENSE").read_text(),
    }


def common_context(graph: Graph, schedule: Schedule, facts: Facts) -> dict[str, Any]:
    """What every template may name."""
    return {
        "facts": facts,
        "name": comment(graph.name),
        "prefix": facts.prefix,
        "upper": facts.prefix.upper(),
        "arena_bytes": schedule.arena_bytes,
        "schedule": schedule.summary,
        "macs": graph.macs,
        "recomputed_macs": schedule.recomputed_macs,
        "fed": _fed(graph, schedule),
        "inputs": _interfaces(graph, schedule, "input", graph.inputs),
        "outputs": _interfaces(graph, schedule, "output", graph.outputs),
    }


def render(template: str, context: dict[str, Any]) -> str:
    """A template of this package, filled in."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tinynas.emit", "templates"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - C and Markdown, not HTML
    )


def kernel_text(file: str, prefix: str) -> str:
    """A shipped C file with its symbols and includes renamed."""
    text = (files("tinynas.emit") / "kernels" / file).read_text()
    return text.replace("tinynas_", f"{prefix}_").replace("TINYNAS_", f"{prefix.upper()}_")


def _interfaces(
    graph: Graph, schedule: Schedule, role: str, names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The inputs (outputs) as templates see them: `input`, or `input0`, `input1` and so on."""
    roles = numbered(role, len(names))
    return [
        {"role": own, "macro": own.upper(), **_interface(graph, schedule, name)}
        for own, name in zip(roles, names, strict=True)
    ]


def _interface(graph: Graph, schedule: Schedule, name: str) -> dict[str, Any]:
    tensor = graph.tensors[name]
    rows, columns, channels = extent(tensor)
    # The shortest text that reads back as the same float32.
    scale, zero_point = str(np.float32(scale_of(tensor))), zero_point_of(tensor)
    difference = f"(q {'-' if zero_point > 0 else '+'} {abs(zero_point)})" if zero_point else "q"
    return {
        "name": comment(name),
        "bytes": tensor.bytes,
        "rows": rows,
        "columns": columns,
        "channels": channels,
        "scale": scale,
        "zero_point": zero_point,
        "real": f"{scale} * {difference}",
        "offset": schedule.buffer_of(name).offset,
        "is_pixels": scale_of(tensor) == 1 / 128 and zero_point == 0,
    }


def _symbol(operator: Operator, prefix: str) -> str:
    return f"{prefix}_op{operator.index}_{identifier(operator.op.name)}"


def _operator(graph: Graph, operator: Operator, prefix: str) -> dict[str, Any]:
    array = f"constants_{operator.index}"
    members = dict(operator.members)
    if operator.constants is not None:
        members[CONSTANTS] = array
    return {
        "symbol": _symbol(operator, prefix),
        "descriptor": operator.descriptor,
        "title": _title(graph, operator),
        "members": initialiser(members),
        "array": array,
        "constants": None if operator.constants is None else words(operator.constants),
        "length": 0 if operator.constants is None else len(operator.constants),
    }


def _title(graph: Graph, operator: Operator) -> str:
    op = operator.op
    x, y = next(graph.activations_in(op)), graph.tensors[op.outputs[0]]
    shapes = [" x ".join(map(str, t.shape[1:])) for t in (x, y)]
    macs = op_macs(graph, op)
    work = f", {macs:,} multiply-accumulates" if macs else ""
    name = comment(op.name)
    return f"{operator.index}: {name} ({op.kind}), {shapes[0]} to {shapes[1]}{work}"


def _fed(graph: Graph, schedule: Schedule) -> dict[str, int] | None:
    """The ring of input rows and the stages behind it; None where the input is held."""
    if not schedule.fed_by_rows:
        return None
    stages = len(stream_segment(graph, schedule.segments[0]).stages)
    return {"ring": schedule.buffer_of(graph.inputs[0]).rows, "stages": stages}


def _stream_sources(schedule: Schedule) -> set[str]:
    """What stream segments run on beside the kernels."""
    streamed = any(s.kind is SegmentKind.STREAM for s in schedule.segments)
    return ({"stream.c"} if streamed else set()) | ({"bytes.c"} if schedule.fed_by_rows else set())


def _segment(
    graph: Graph, segment: Segment, operators: list[Operator], prefix: str
) -> dict[str, Any]:
    inside = operators[segment.first : segment.last]
    calls = [
        {"index": o.index, "kernel": o.kernel, "symbol": _symbol(o, prefix), "tiled": o.tiled}
        for o in inside
    ]
    patch, stream = (segment.kind is kind for kind in (SegmentKind.PATCH, SegmentKind.STREAM))
    rows, columns = _spans(graph, segment) if patch else ([], [])
    return {
        "title": f"{str(segment)[0].upper()}{str(segment)[1:]}",
        "kind": segment.kind.value,
        "fed": segment.fed,
        "first": segment.first,
        "ops": len(inside),
        "grid": segment.grid,
        "rows": rows,
        "columns": columns,
        "calls": calls,
        "stages": _stages(graph, segment, calls) if stream else [],
        "input_rows": _rows_of(graph, inside[0].op.inputs[0]),
    }


def _rows_of(graph: Graph, name: str) -> int:
    return extent(graph.tensors[name])[0]


def _stages(graph: Graph, segment: Segment, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stages of a stream segment: their tables as C text, and what they call."""
    return [
        {
            "table": initialiser([s.rows, s.columns, s.chunk, s.stride, s.reach, s.source_rows]),
            "calls": calls[s.first - segment.first : s.last - segment.first],
        }
        for s in stream_segment(graph, segment).stages
    ]


def _spans(graph: Graph, segment: Segment) -> tuple[list[str], list[str]]:
    """For every row (column) of the grid, the rows (columns) of each op's output, as C text.

    A tile is a product of the two, so the tables are as long as the grid's sides, not its area.
    """
    tiles = tile_windows(graph, segment)
    grid_rows, grid_columns = segment.grid
    rows = [[(w.y0, w.y1) for w in tiles[i * grid_columns]] for i in range(grid_rows)]
    columns = [[(w.x0, w.x1) for w in tiles[j]] for j in range(grid_columns)]
    return [initialiser(line) for line in rows], [initialiser(line) for line in columns]
