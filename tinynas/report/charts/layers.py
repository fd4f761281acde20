"""What each layer costs: instructions, SRAM and flash, as three columns of bars side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tinynas.report.svg import Scale, chart, element, rectangle, text
from tinynas.report.text import count, kilobytes

_ROW, _BAR, _TOP = 18.0, 11.0, 26.0
_NAMES, _COLUMN, _VALUE = 190, 190, 62
_LONGEST = 30
_ALONE = """
.chart { font-family: system-ui, sans-serif; font-variant-numeric: tabular-nums; background: #fff; }
.chart text { font-size: 11px; fill: #1c2326; }
.chart .tick { fill: #566268; }
.chart .label { font-weight: 560; }
.chart .bar.p0 { fill: #1f7c73; }
.chart .bar.p1 { fill: #74b7ad; }
.chart .bar.p2 { fill: #846000; }
"""


def layer_bars(layers: Sequence[Mapping[str, Any]], *, alone: bool = False) -> Markup:
    """One row an op of `name`, `instructions`, `sram_bytes` and `flash_bytes`.

    A column of which nothing is known is left out.  `alone` puts the colours in, for a file.
    """
    columns: list[tuple[str, str, Callable[[float], str]]] = [
        ("instructions, simulated", "instructions", count),
        ("SRAM in use", "sram_bytes", kilobytes),
        ("flash", "flash_bytes", kilobytes),
    ]
    shown = [c for c in columns if any(layer.get(c[1]) for layer in layers)]
    width = _NAMES + len(shown) * (_COLUMN + _VALUE)
    height = _TOP + _ROW * len(layers) + 4
    marks: list[Markup] = []
    for i, layer in enumerate(layers):
        name = layer["name"] if len(layer["name"]) <= _LONGEST else f"…{layer['name'][-_LONGEST:]}"
        marks.append(text(_NAMES - 8, _TOP + _ROW * i + 9, name, "tick", "end"))
    for step, (title, key, spoken) in enumerate(shown):
        left = _NAMES + step * (_COLUMN + _VALUE)
        values = [int(layer.get(key) or 0) for layer in layers]
        scale = Scale(0, max(values, default=1) or 1, 0, _COLUMN)
        marks.append(text(left, 14, title, "label"))
        for i, value in enumerate(values):
            y, long = _TOP + _ROW * i, scale(value)
            title_text = f"{layers[i]['name']}: {value:,}"
            marks.append(rectangle(left, y, max(long, 0.5), _BAR, f"bar p{step}", title_text))
            if value:
                marks.append(text(left + long + 5, y + 9, spoken(value), "tick"))
    style = [element("style", Markup(_ALONE))] if alone else []  # noqa: S704 - ours
    namespace = "http://www.w3.org/2000/svg" if alone else None
    about = f"What each of {len(layers)} layers costs"
    drawn = chart(width, height, about, *style, *marks, kind="layers")
    if namespace is None:
        return drawn
    return Markup(str(drawn).replace("<svg ", f'<svg xmlns="{namespace}" ', 1))  # noqa: S704 - ours
