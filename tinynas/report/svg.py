"""Just enough SVG: elements, scales, ticks and a frame with axes.

Charts are drawn with classes instead of colours, so one style sheet gives them light, dark and
print.  Every chart is an image with a name for those who cannot see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tinynas.report.data import BlockData

_ELEMENT = Markup("<{0}{1}>{2}</{0}>")
_ATTRIBUTE = Markup(' {}="{}"')


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """`<tag ...>children</tag>`; `class_` is `class`, `_` in names is `-`, None is left out."""
    pairs = Markup("").join(
        _ATTRIBUTE.format(name.rstrip("_").replace("_", "-"), _value(value))
        for name, value in attributes.items()
        if value is not None
    )
    return _ELEMENT.format(tag, pairs, Markup("").join(escape(c) for c in children))


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def chart(width: float, height: float, name: str, *children: object, kind: str) -> Markup:
    """A whole chart; `name` is what a screen reader says."""
    return element(
        "svg",
        *children,
        class_=f"chart {kind}",
        viewBox=f"0 0 {_value(float(width))} {_value(float(height))}",
        role="img",
        aria_label=name,
        style=f"--w:{width:.0f}",
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def text(x: float, y: float, content: object, kind: str = "", anchor: str | None = None) -> Markup:
    return element("text", content, x=x, y=y, class_=kind or None, text_anchor=anchor)


def rectangle(
    x: float, y: float, width: float, height: float, kind: str, title: str | None = None
) -> Markup:
    inside = [element("title", title)] if title else []
    return element("rect", *inside, x=x, y=y, width=width, height=height, class_=kind)


def polyline(points: Iterable[tuple[float, float]], kind: str, title: str | None = None) -> Markup:
    inside = [element("title", title)] if title else []
    path = "M" + "L".join(f"{_value(float(x))} {_value(float(y))}" for x, y in points)
    return element("path", *inside, d=path, class_=kind)


def dots(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """Many points as one path of zero-length strokes; those on the same half pixel are one."""
    places = sorted({(round(x * 2) / 2, round(y * 2) / 2) for x, y in points})
    return element("path", d="".join(f"M{x:g} {y:g}h0" for x, y in places), class_=kind)


@dataclass(frozen=True)
class Scale:
    """A linear map from data (`low` to `high`) to pixels (`start` to `end`)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def ticks(self, wanted: int, unit: float = 1.0) -> list[float]:
        """About `wanted` round values within the domain; round in multiples of `unit`."""
        step = round_step((self.high - self.low) / unit / max(wanted, 1)) * unit
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]


def round_step(rough: float) -> float:
    """The 1, 2 or 5 times a power of ten that is at least `rough`."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))


def padded(values: Sequence[float], *, share: float = 0.06) -> tuple[float, float]:
    """Lowest and highest value with some air around them."""
    low, high = min(values), max(values)
    air = (high - low) * share or abs(high) * share or 1.0
    return low - air, high + air


@dataclass(frozen=True)
class Frame:
    """The plotting area: pixels `left..right`, `top..bottom`, and its two scales."""

    x: Scale
    y: Scale

    @classmethod
    def of(
        cls,
        size: tuple[float, float],
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        margins: tuple[float, float, float, float] = (12, 14, 36, 46),
    ) -> Frame:
        """`margins` are top, right, bottom, left; `x` and `y` are the domains."""
        width, height = size
        top, right, bottom, left = margins
        return cls(Scale(*x, left, width - right), Scale(*y, height - bottom, top))

    def grid(
        self,
        values: Sequence[float],
        label: Callable[[float], str],
    ) -> list[Markup]:
        """Horizontal lines with their values to the left."""
        parts = []
        for value in values:
            at = self.y(value)
            parts.append(line(self.x.start, at, self.x.end, at, "grid"))
            parts.append(text(self.x.start - 8, at + 3.5, label(value), "tick", "end"))
        return parts

    def bottom(
        self, values: Sequence[float], label: Callable[[float], str], title: str
    ) -> list[Markup]:
        """The x axis: its line, values and title."""
        base = self.y.start
        parts = [line(self.x.start, base, self.x.end, base, "axis")]
        for value in values:
            parts.append(line(self.x(value), base, self.x(value), base + 4, "axis"))
            parts.append(text(self.x(value), base + 16, label(value), "tick", "middle"))
        parts.append(text(self.x.end, base + 31, title, "axis-title", "end"))
        return parts


_WIDE, _TALL = 84.0, 38.0  # the drawing of a block's channels, pixels


def waist(block: BlockData, most: int) -> Markup:
    """A block's channels from left to right as heights: in, expanded, out.

    A dashed line is the residual; `most` is the largest number of channels in the network.
    """
    ends = [(0.0, block["in_channels"]), (1.0, block["out_channels"])]
    inner = [(0.22, block["expanded"]), (0.78, block["expanded"])]
    points = [ends[0], *(inner if block["kind"] == "mbconv" else []), ends[1]]
    middle = _TALL / 2 + 2

    def half(channels: int) -> float:
        return max(1.5, channels / most * (_TALL / 2 - 4))

    upper = [f"{x * _WIDE:.1f} {middle - half(c):.1f}" for x, c in points]
    lower = [f"{x * _WIDE:.1f} {middle + half(c):.1f}" for x, c in reversed(points)]
    parts = [element("path", d=f"M{'L'.join([*upper, *lower])}Z")]
    if block["residual"]:
        left, right = (middle - half(c) - 2 for _, c in ends)
        path = f"M1 {left:.1f}Q1 0 12 0H{_WIDE - 12:g}Q{_WIDE - 1:g} 0 {_WIDE - 1:g} {right:.1f}"
        parts.append(element("path", d=path, class_="skip"))
    box = f"0 0 {_WIDE:g} {_TALL:g}"
    return element("svg", *parts, class_="waist", viewBox=box, aria_hidden="true")
