"""Families of inverted bottlenecks (MobileNetV2's block), differing in their tables.

A row is (expansion, channels, repeats, stride, kernel); the first block of a row has its stride.
"""

from __future__ import annotations

from tinynas.graph.ir import Activation
from tinynas.spaces import Drawing, DrawnNetwork
from tinynas.spaces.model import make_divisible

Row = tuple[int, int, int, int, int]
SMALL_IMAGES = 64
"""Up to this side (pixels) a network made for photographs keeps its first two strides at 1."""
DIVISOR = 4
"""Widths are rounded to multiples of it: 8, as published, would leave few sizes to choose from."""

_MOBILENET_V2: tuple[Row, ...] = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 32, 3, 2, 3),
    (6, 64, 4, 2, 3),
    (6, 96, 3, 1, 3),
    (6, 160, 3, 2, 3),
    (6, 320, 1, 1, 3),
)
_MNASNET_B1: tuple[Row, ...] = (
    (1, 16, 1, 1, 3),
    (3, 24, 3, 2, 3),
    (3, 40, 3, 2, 5),
    (6, 80, 3, 2, 5),
    (6, 96, 2, 1, 3),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_EFFICIENTNET: tuple[Row, ...] = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_PROXYLESS: tuple[Row, ...] = (
    (1, 16, 1, 1, 3),
    (3, 32, 1, 2, 5),
    (3, 32, 1, 1, 3),
    (3, 40, 1, 2, 7),
    (3, 40, 1, 1, 3),
    (3, 40, 2, 1, 5),
    (6, 80, 1, 2, 7),
    (3, 80, 3, 1, 5),
    (6, 96, 1, 1, 5),
    (3, 96, 3, 1, 5),
    (6, 192, 1, 2, 7),
    (6, 192, 1, 1, 7),
    (3, 192, 2, 1, 7),
    (6, 320, 1, 1, 7),
)


def mobilenet_v2(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    return draw(_MOBILENET_V2, 32, 1280, width, resolution, channels, classes)


def mnasnet_b1(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    return draw(_MNASNET_B1, 32, 1280, width, resolution, channels, classes)


def efficientnet_lite0(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    """Lite: no squeeze-and-excite and ReLU6, as its authors give it to integer hardware.  Width and
    resolution scale together where a budget is searched for (`accuracy_at_budget`)."""
    return draw(_EFFICIENTNET, 32, 1280, width, resolution, channels, classes)


def proxyless_mobile(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    return draw(_PROXYLESS, 32, 1280, width, resolution, channels, classes)


def draw(
    rows: tuple[Row, ...],
    stem: int,
    last: int,
    width: float,
    resolution: int,
    channels: int,
    classes: int,
    published: int = 224,
) -> DrawnNetwork:
    """`last` is the 1x1 convolution before the mean (0 for none), which scales with the width;
    images as large as those that it was `published` for are never small."""
    small = resolution <= SMALL_IMAGES and resolution < published
    kept = 2 if small else 0  # strides that small images are spared
    drawing = Drawing(resolution, channels)
    x = drawing.conv("input", _scaled(stem, width), 3, 1 if kept else 2)
    kept = max(0, kept - 1)
    for expansion, out, repeats, stride, kernel in rows:
        for i in range(repeats):
            step = stride if i == 0 else 1
            if step == 2 and kept:
                step, kept = 1, kept - 1
            x = _block(drawing, x, expansion, _scaled(out, width), kernel, step)
    if last:
        x = drawing.conv(x, _scaled(last, width))
    return drawing.network(drawing.dense(drawing.mean(x), classes))


def _block(d: Drawing, x: str, expansion: int, out: int, kernel: int, stride: int) -> str:
    y = x if expansion == 1 else d.conv(x, expansion * d.channels(x))
    y = d.conv(d.depthwise(y, kernel, stride), out, activation=Activation.NONE)
    return d.add(x, y) if stride == 1 and d.channels(x) == out else y


def _scaled(channels: int, width: float) -> int:
    return make_divisible(channels * width, DIVISOR)
