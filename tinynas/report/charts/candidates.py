"""Stage 2: accuracy against each cost, with the front, the budget and the choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from tinynas.report.data import CandidateData
from tinynas.report.svg import Frame, chart, dots, element, line, padded, polyline, text
from tinynas.report.text import kilobytes, percent, round_count

_MANY = 2000  # from here on smaller points


def front(candidates: Sequence[CandidateData], cost: str) -> list[CandidateData]:
    """Those that no candidate beats in accuracy at this cost or less, by rising cost."""
    best, kept = -1.0, []
    for candidate in sorted(candidates, key=lambda c: (_cost(c, cost), -c["accuracy"])):
        if candidate["accuracy"] > best:
            best = candidate["accuracy"]
            kept.append(candidate)
    return kept


def _cost(candidate: CandidateData, cost: str) -> float:
    value = candidate[cost]  # type: ignore[literal-required]
    return float(value)


def pareto(
    candidates: Sequence[CandidateData],
    cost: str,
    title: str,
    *,
    budget: float | None = None,
    chosen: Any = None,
    size: tuple[int, int] = (360, 280),
) -> Markup:
    """Accuracy against one cost (`sram_bytes`, `flash_bytes`, `macs` or `latency_ms`)."""
    in_bytes = cost.endswith("_bytes")
    label: Callable[[float], str] = kilobytes if in_bytes else round_count
    costs = [_cost(c, cost) for c in candidates]
    x = padded([*costs, budget] if budget else costs)
    y = padded([c["accuracy"] for c in candidates], share=0.1)
    frame = Frame.of(size, (max(0.0, x[0]), x[1]), (max(0.0, y[0]), min(1.0, y[1])))

    def place(candidate: CandidateData) -> tuple[float, float]:
        return frame.x(_cost(candidate, cost)), frame.y(candidate["accuracy"])

    best = front(candidates, cost)
    marks = [
        dots(
            (place(c) for c in candidates if not c["pareto"]),
            "dots many" if len(candidates) > _MANY else "dots",
        ),
        dots((place(c) for c in candidates if c["pareto"]), "dots pareto"),
        polyline(_stairs([place(c) for c in best], frame.x.end), "front"),
    ]
    if budget:
        marks.append(line(frame.x(budget), frame.y.end, frame.x(budget), frame.y.start, "limit"))
        marks.append(text(frame.x(budget) - 5, frame.y.start - 7, "budget", "label limit", "end"))
    for candidate in candidates:
        if chosen is not None and candidate["id"] == chosen:
            cx, cy = place(candidate)
            marks.append(element("circle", cx=cx, cy=cy, r=6, class_="ring"))
    digits = 0 if frame.y.high - frame.y.low > 0.05 else 1
    unit = 1024.0 if in_bytes else 1.0
    return chart(
        *size,
        f"Accuracy against {title} of {len(candidates)} candidates",
        *frame.grid(frame.y.ticks(5), lambda v: percent(v, digits)),
        *marks,
        *frame.bottom(frame.x.ticks(4, unit), label, title),
        kind="scatter",
    )


def _stairs(points: list[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """Horizontal until the next better one: what a cost buys."""
    steps: list[tuple[float, float]] = []
    for point, following in zip(points, [*points[1:], None], strict=True):
        steps += [point, (following[0] if following else end, point[1])]
    return steps
