"""Pictures of schedules: the memory of a network over time, and SRAM against recomputation.

Both show themselves in a notebook (`_repr_svg_`), and are written as `.svg` or `.png` by `save`.
Equal schedules give equal files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Buffer, Schedule, Segment, SegmentKind

_CANVASES = {".png": FigureCanvasAgg, ".svg": FigureCanvasSVG}
_INK, _QUIET, _EDGE = "#334155", "#94a3b8", "#f8fafc"
_COLOURS = {"tensor": "#60a5fa", "edge": "#1d4ed8", "scratch": "#cbd5e1", "peak": "#c2410c"}
_SHADES = {SegmentKind.PATCH: "#fef3c7", SegmentKind.STREAM: "#dcfce7"}


@dataclass(frozen=True)
class MemoryPicture:
    """Each buffer's life (ops) and place (bytes), the segments behind them, the fullest op."""

    graph: Graph
    schedule: Schedule

    def save(self, path: Path | str) -> None:
        """Raises: InvalidInputError: neither `.png` nor `.svg`."""
        save(self._figure(), Path(path))

    def _repr_svg_(self) -> str:
        return svg(self._figure())

    def _figure(self) -> Figure:
        ops, schedule = len(self.graph.ops), self.schedule
        figure = Figure(figsize=(max(7.5, min(18, 0.24 * ops)), 4.8), layout="constrained")
        axes = figure.subplots()
        for segment in schedule.segments:
            _draw_segment(axes, segment)
        edges = {*self.graph.inputs, *self.graph.outputs}
        for buffer in schedule.buffers:
            kind = "scratch" if buffer.tensor is None else "tensor"
            kind = "edge" if buffer.tensor in edges else kind
            _draw_buffer(axes, buffer, kind, (ops, schedule.arena_bytes))
        live = live_bytes(schedule, ops)
        peak = live.index(max(live))
        axes.axvline(peak + 0.5, color=_COLOURS["peak"], linewidth=1, linestyle=(0, (4, 3)))
        axes.set_title(
            f"{self.graph.name}: {schedule.arena_bytes:,} bytes, fullest at "
            f"{self.graph.ops[peak].name} ({live[peak]:,} bytes live); "
            f"{schedule.recomputed_macs:,} MACs recomputed",
            fontsize=10,
            loc="left",
            color=_INK,
            pad=18,
        )
        axes.set_xlim(0, ops)
        axes.set_ylim(0, schedule.arena_bytes / 1024)
        step = max(1, -(-ops // 60))
        names = [op.name for op in self.graph.ops][::step]
        axes.set_xticks([i + 0.5 for i in range(0, ops, step)], names, rotation=90, fontsize=7)
        axes.set_ylabel("offset in the arena (KB)", color=_INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=0, colors=_INK)
        axes.tick_params(axis="y", labelsize=8)
        return figure


def live_bytes(schedule: Schedule, ops: int) -> list[int]:
    """Bytes in use at each op; where buffers overlap they count once."""
    found = []
    for op in range(ops):
        spans = sorted((b.offset, b.end) for b in schedule.buffers if b.first <= op <= b.last)
        total, end = 0, 0
        for low, high in spans:
            total += max(0, high - max(low, end))
            end = max(end, high)
        found.append(total)
    return found


def _draw_segment(axes: Axes, segment: Segment) -> None:
    if segment.kind is SegmentKind.LAYER:
        return
    axes.axvspan(segment.first, segment.last, color=_SHADES[segment.kind], zorder=0)
    axes.axvline(segment.last, color=_QUIET, linewidth=0.6, zorder=1)
    wide = segment.last - segment.first
    rows, columns = segment.grid
    name = f"{rows} × {columns} patches" if segment.kind is SegmentKind.PATCH else "row by row"
    if wide >= 5:
        axes.annotate(
            name,
            (segment.first, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, 4),
            textcoords="offset points",
            fontsize=8,
            color=_INK,
        )


def _draw_buffer(axes: Axes, buffer: Buffer, kind: str, whole: tuple[int, int]) -> None:
    """`whole`: ops and bytes of the picture, by which is known what has room for a name."""
    life, size = buffer.last + 1 - buffer.first, buffer.bytes / 1024
    axes.bar(
        buffer.first,
        size,
        life,
        buffer.offset / 1024,
        align="edge",
        color=_COLOURS[kind],
        edgecolor=_EDGE,
        linewidth=0.6,
        alpha=0.85,
        zorder=2,
    )
    label = buffer.tensor
    wide, high = life / whole[0], buffer.bytes / whole[1]
    if label is not None and wide > 0.011 * len(label) and high > 0.035:
        middle = (buffer.first + life / 2, buffer.offset / 1024 + size / 2)
        colour = "white" if kind == "edge" else _INK
        axes.text(*middle, label, ha="center", va="center", fontsize=7, color=colour, zorder=3)


@dataclass(frozen=True)
class FrontPicture:
    """Arena against recomputed MACs of schedules of one graph; what no other beats is a front."""

    graph: Graph
    schedules: Sequence[Schedule]

    def save(self, path: Path | str) -> None:
        """Raises: InvalidInputError: neither `.png` nor `.svg`."""
        save(self._figure(), Path(path))

    def _repr_svg_(self) -> str:
        return svg(self._figure())

    def _figure(self) -> Figure:
        figure = Figure(figsize=(7.5, 4.6), layout="constrained")
        axes = figure.subplots()
        macs = max(self.graph.macs, 1)
        for kind, marker in (("layer", "s"), ("patch", "o"), ("stream", "^")):
            points = [
                (100 * s.recomputed_macs / macs, s.arena_bytes / 1024)
                for s in self.schedules
                if kind_of(s) == kind
            ]
            if points:
                x, y = zip(*points, strict=True)
                axes.scatter(x, y, s=26, marker=marker, label=kind, zorder=2)
        best = unbeaten(self.schedules)
        steps = [(100 * s.recomputed_macs / macs, s.arena_bytes / 1024) for s in best]
        axes.step(
            *zip(*steps, strict=True), where="post", color=_COLOURS["peak"], linewidth=1.4, zorder=1
        )
        axes.set_xlim(left=-0.5)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("MACs recomputed (% of the network's own)", color=_INK)
        axes.set_ylabel("arena (KB)", color=_INK)
        axes.set_title(
            f"{self.graph.name}: {' to '.join(dict.fromkeys((_point(best[0]), _point(best[-1]))))}",
            fontsize=10,
            loc="left",
            color=_INK,
        )
        axes.grid(color="#e2e8f0", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        return figure


def unbeaten(schedules: Sequence[Schedule]) -> list[Schedule]:
    """Those that none beats in recomputation and arena, by rising recomputation."""
    kept: list[Schedule] = []
    for schedule in sorted(schedules, key=lambda s: (s.recomputed_macs, s.arena_bytes)):
        if not kept or schedule.arena_bytes < kept[-1].arena_bytes:
            kept.append(schedule)
    return kept


def _point(schedule: Schedule) -> str:
    return f"{schedule.arena_bytes:,} bytes with {schedule.recomputed_macs:,} MACs recomputed"


def kind_of(schedule: Schedule) -> str:
    """`patch` where something is patched, else `stream` where something is, else `layer`."""
    kinds = {segment.kind for segment in schedule.segments}
    order = (SegmentKind.PATCH, SegmentKind.STREAM, SegmentKind.LAYER)
    return next(kind.value for kind in order if kind in kinds)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as its file's name says.

    Raises:
        InvalidInputError: neither `.png` nor `.svg`.
    """
    check_name(path)
    path.write_bytes(_rendered(figure, path.suffix.lower()))


def check_name(path: Path | None) -> None:
    """Raises: InvalidInputError: a name that ends neither in `.png` nor in `.svg`."""
    if path is not None and path.suffix.lower() not in _CANVASES:
        raise InvalidInputError(
            f"pictures are written as .png or .svg, not as {path.name}",
            field="plot",
            given=path.name,
            allowed=list(_CANVASES),
        )


def svg(figure: Figure) -> str:
    """A figure as SVG text."""
    return _rendered(figure, ".svg").decode()


def _rendered(figure: Figure, kind: str) -> bytes:
    """Without dates and random identifiers."""
    _CANVASES[kind](figure)
    stream = BytesIO()
    metadata = {"Date": None} if kind == ".svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "tinynas"}):
        figure.savefig(stream, format=kind[1:], dpi=144, metadata=metadata)
    return stream.getvalue()
