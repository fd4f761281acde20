"""Training curves: one panel a measure (loss, accuracy), one line a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tinynas.report.data import CurvePoint
from tinynas.report.svg import Frame, chart, padded, polyline
from tinynas.report.text import percent, round_count

_MEASURE = re.compile(r"^(?:(.*?)_)??(validation_)?(loss|accuracy)$")
MEASURES = ("loss", "accuracy")


@dataclass(frozen=True)
class Series:
    """One line: `who` is which network (empty where there is one), `held` on held-out images."""

    who: str
    held: bool
    measure: str
    points: list[tuple[int, float]] = field(default_factory=list)


def series_of(points: Sequence[CurvePoint]) -> list[Series]:
    """`largest_validation_accuracy`: the accuracy of the largest network, on held-out images."""
    found: dict[str, Series] = {}
    for point in points:
        for key, value in point["values"].items():
            match = _MEASURE.match(key)
            if match is None:
                continue
            one = found.setdefault(key, Series(match[1] or "", bool(match[2]), match[3]))
            one.points.append((point["at"], value))
    return list(found.values())


def training_chart(
    series: Sequence[Series], measure: str, *, size: tuple[int, int] = (460, 210)
) -> Markup:
    """The panel of one measure; empty where nothing was measured."""
    shown = [one for one in series if one.measure == measure]
    if not shown:
        return Markup()
    share = measure == "accuracy"
    low, high = padded([v for one in shown for _, v in one.points], share=0.05)
    most = max(at for one in shown for at, _ in one.points)
    frame = Frame.of(size, (0, most), (max(0.0, low), min(1.0, high) if share else high))
    lines = [
        polyline(
            ((frame.x(at), frame.y(v)) for at, v in one.points),
            f"series {one.who or 'alone'}{' held' if one.held else ''}",
        )
        for one in shown
    ]
    told = ", ".join(f"{one.who} {'validation ' if one.held else ''}".strip() for one in shown)
    return chart(
        *size,
        f"{measure} of {told}" if told else measure,
        *frame.grid(frame.y.ticks(4), (lambda v: percent(v, 0)) if share else (lambda v: f"{v:g}")),
        *lines,
        *frame.bottom(frame.x.ticks(4), round_count, "images seen"),
        kind="training",
    )
