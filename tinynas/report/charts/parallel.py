"""Parallel coordinates: one line a candidate, one axis a property."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from markupsafe import Markup

from tinynas.report.data import CandidateData
from tinynas.report.svg import Scale, chart, element, line, text
from tinynas.report.text import count, kilobytes, percent

_MOST = 700  # lines of candidates off the front that are drawn; more is a grey slab


@dataclass(frozen=True)
class Axis:
    """A property, with the range that the candidates have of it."""

    title: str
    value: Callable[[CandidateData], float]
    label: Callable[[float], str]
    low: float = 0.0
    high: float = 0.0


def _blocks(candidate: CandidateData) -> list[dict[str, Any]]:
    return [block for stage in candidate["architecture"]["stages"] for block in stage]


def _mean(gene: str) -> Callable[[CandidateData], float]:
    return lambda c: fmean(block.get(gene, 1) for block in _blocks(c))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


_AXES = (
    Axis("blocks", lambda c: len(_blocks(c)), _number),
    Axis("kernel", _mean("kernel"), _number),
    Axis("expansion", _mean("expansion"), _number),
    Axis("width", _mean("width"), _number),
    Axis("MACs", lambda c: c["macs"], count),
    Axis("recomputed", lambda c: c["recomputed_macs"], count),
    Axis("SRAM", lambda c: c["sram_bytes"], kilobytes),
    Axis("flash", lambda c: c["flash_bytes"], kilobytes),
    Axis("latency", lambda c: c.get("latency_ms") or 0.0, lambda v: f"{_number(v)} ms"),
    Axis("accuracy", lambda c: c["accuracy"], percent),
)


def axes_of(candidates: Sequence[CandidateData]) -> list[Axis]:
    """The axes on which these candidates differ."""
    found = []
    for axis in _AXES:
        values = [axis.value(c) for c in candidates]
        if min(values) < max(values):
            found.append(Axis(axis.title, axis.value, axis.label, min(values), max(values)))
    return found


def parallel(
    candidates: Sequence[CandidateData],
    *,
    chosen: Any = None,
    size: tuple[float, float] = (952, 320),
) -> Markup:
    """All candidates; those on the front and the chosen one stand out.  Empty for one of a kind."""
    axes = axes_of(candidates) if candidates else []
    if len(axes) < 2:
        return Markup()
    width, height = size
    gap = (width - 92) / (len(axes) - 1)
    places = [(46 + gap * i, Scale(a.low, a.high, height - 30, 40)) for i, a in enumerate(axes)]
    rest = [c for c in candidates if not c["pareto"]]
    step = max(1.0, len(rest) / _MOST)
    thinned = [rest[int(i * step)] for i in range(int(len(rest) / step))]
    kinds = {
        "thread": thinned,
        "thread pareto": [c for c in candidates if c["pareto"]],
        "thread taken": [c for c in candidates if chosen is not None and c["id"] == chosen],
    }
    parts = [_threads(found, axes, places, kind) for kind, found in kinds.items() if found]
    for axis, (x, scale) in zip(axes, places, strict=True):
        parts += [
            line(x, scale.start, x, scale.end, "axis"),
            text(x, scale.end - 22, axis.title, "label", "middle"),
            text(x, scale.end - 8, axis.label(axis.high), "tick", "middle"),
            text(x, scale.start + 16, axis.label(axis.low), "tick", "middle"),
        ]
    name = f"Parallel coordinates of {len(candidates)} candidates"
    return chart(width, height, name, *parts, kind="parallel")


def _threads(
    candidates: Sequence[CandidateData],
    axes: Sequence[Axis],
    places: Sequence[tuple[float, Scale]],
    kind: str,
) -> Markup:
    """All lines of one kind as one path, each line once."""
    lines = {
        "L".join(
            f"{x:.1f} {scale(axis.value(c)):.1f}"
            for axis, (x, scale) in zip(axes, places, strict=True)
        )
        for c in candidates
    }
    return element("path", d="".join(f"M{points}" for points in sorted(lines)), class_=kind)
