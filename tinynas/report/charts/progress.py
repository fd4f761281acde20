"""The search over time: every measurement, and the best one so far."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tinynas.report.data import CandidateData
from tinynas.report.svg import Frame, chart, dots, padded, polyline
from tinynas.report.text import percent, round_count

_MANY = 2000  # from here on smaller points


def best_so_far(candidates: Sequence[CandidateData]) -> list[tuple[int, float]]:
    """(number of the candidate, accuracy) where the best one changes, as stairs to the last."""
    steps: list[tuple[int, float]] = []
    best = float("-inf")
    for candidate in sorted(candidates, key=lambda c: int(c["id"])):
        if candidate["accuracy"] <= best:
            continue
        if steps:
            steps.append((candidate["id"], best))
        best = candidate["accuracy"]
        steps.append((candidate["id"], best))
    last = max(c["id"] for c in candidates)
    return [*steps, (last, best)]


def search_progress(
    candidates: Sequence[CandidateData], size: tuple[int, int] = (360, 280)
) -> Markup:
    """Accuracy of the measurements in their order; the line is the best so far."""
    low, high = padded([c["accuracy"] for c in candidates], share=0.1)
    domain = (0.0, float(max(c["id"] for c in candidates) + 1))
    frame = Frame.of(size, domain, (max(0.0, low), min(1.0, high)))
    digits = 0 if frame.y.high - frame.y.low > 0.05 else 1
    return chart(
        *size,
        f"Accuracy of {len(candidates)} measurements in their order, and the best so far",
        *frame.grid(frame.y.ticks(5), lambda v: percent(v, digits)),
        dots(
            ((frame.x(c["id"]), frame.y(c["accuracy"])) for c in candidates),
            "dots many" if len(candidates) > _MANY else "dots",
        ),
        polyline([(frame.x(n), frame.y(a)) for n, a in best_so_far(candidates)], "front"),
        *frame.bottom(frame.x.ticks(4), round_count, "networks measured"),
        kind="progress",
    )
