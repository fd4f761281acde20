"""Which choices matter: bars of the variance of accuracy that each explains."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tinynas.report.importance import Importance
from tinynas.report.svg import Scale, chart, rectangle, text
from tinynas.report.text import percent

_MOST = 10
_ROW = 24.0


def importance_bars(found: Sequence[Importance], *, width: float = 460) -> Markup:
    """The most important choices, one bar each."""
    shown = found[:_MOST]
    left = 170.0
    x = Scale(0, max(0.1, *(f.share for f in shown)), left, width - 46)
    parts = []
    for i, one in enumerate(shown):
        y = _ROW * i
        parts += [
            text(left - 10, y + 15, one.name, "tick", "end"),
            rectangle(left, y + 4, x(one.share) - left, 15, "bar p0"),
            text(x(one.share) + 6, y + 15, percent(one.share, 0), "figure"),
        ]
    told = ", ".join(f"{f.name} {percent(f.share, 0)}" for f in shown)
    name = f"Share of the variance of accuracy explained: {told}"
    return chart(width, _ROW * len(shown) + 4, name, *parts, kind="importance")
