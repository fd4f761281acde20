"""Promised against measured, as bars below one budget line."""

from __future__ import annotations

from markupsafe import Markup

from tinynas.report.data import MemoryFigures
from tinynas.report.svg import Scale, chart, line, rectangle, text
from tinynas.report.text import kilobytes

_ROW, _BAR = 26.0, 14.0
_LABEL = 58.0  # width of a value beside its bar, pixels


def budget_bars(
    name: str,
    figures: MemoryFigures,
    parts: list[tuple[str, int]],
    *,
    width: int = 460,
) -> Markup:
    """`parts` are what the predicted bar consists of, in the order they are drawn."""
    rows = ["predicted", "measured"]
    budget = figures["budget"]
    longest = max(budget, figures["predicted"], figures["measured"])
    x = Scale(0, longest, 74, width - 70)
    height = 22 + _ROW * len(rows)
    marks: list[Markup] = []
    values: list[Markup] = []
    for i, row in enumerate(rows):
        y = 20 + _ROW * i
        value = int(figures[row])  # type: ignore[literal-required]
        marks.append(text(66, y + 11, row, "tick", "end"))
        at, pieces = 0, parts if row == "predicted" else [(row, value)]
        for step, (part, size) in enumerate(pieces):
            kind = f"bar p{step}" if row == "predicted" else "bar measured"
            marks.append(
                rectangle(x(at), y, x(size) - x(0), _BAR, kind, f"{part}: {kilobytes(size)}")
            )
            at += size
        values.append(text(_beside(x(value), x(budget)), y + 11, kilobytes(value), "figure"))
    marks.append(line(x(budget), 14, x(budget), height, "limit"))
    marks.append(text(x(budget), 10, f"budget {kilobytes(budget)}", "label limit", "end"))
    about = (
        f"{name}: {kilobytes(figures['predicted'])} predicted, "
        f"{kilobytes(figures['measured'])} measured, budget {kilobytes(budget)}"
    )
    return chart(width, height, about, *marks, *values, kind="budget")


def _beside(end: float, limit: float) -> float:
    """Where the value of a bar that ends at `end` begins: not across the line at `limit`."""
    return (limit if end < limit < end + 6 + _LABEL else end) + 6
