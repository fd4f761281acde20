"""Families of other blocks: separable convolutions, fire modules, residual pairs."""

from __future__ import annotations

from benchmarks.baselines.inverted import DIVISOR, SMALL_IMAGES
from tinynas.graph.ir import Activation
from tinynas.spaces import Drawing, DrawnNetwork
from tinynas.spaces.model import make_divisible

_SEPARABLE = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)
"""MobileNetV1: (channels, stride) of each depthwise separable convolution."""
_FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""SqueezeNet 1.1: (squeezed, expanded to each of 1x1 and 3x3); pools come before 0, 2 and 4."""


def mobilenet_v1(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    kept = 2 if resolution <= SMALL_IMAGES else 0
    return _separable(width, resolution, channels, classes, kept)


def mobilenet_v1_quarter(
    width: float, resolution: int, channels: int, classes: int
) -> DrawnNetwork:
    """MLPerf Tiny's person detector as it is: width 0.25, every stride its own."""
    return _separable(0.25 * width, resolution, channels, classes, 0)


def _separable(
    width: float, resolution: int, channels: int, classes: int, kept: int
) -> DrawnNetwork:
    drawing = Drawing(resolution, channels)
    x = drawing.conv("input", _scaled(32, width), 3, 1 if kept else 2, Activation.RELU)
    kept = max(0, kept - 1)
    for out, stride in _SEPARABLE:
        if stride == 2 and kept:
            stride, kept = 1, kept - 1
        x = drawing.depthwise(x, 3, stride, Activation.RELU)
        x = drawing.conv(x, _scaled(out, width), activation=Activation.RELU)
    return drawing.network(drawing.dense(drawing.mean(x), classes))


def squeezenet(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    """1.1, the classifier a 1x1 convolution less its ReLU and a mean, as one dense layer."""
    small = resolution <= SMALL_IMAGES
    d = Drawing(resolution, channels)
    x = d.conv("input", _scaled(64, width), 3, 1 if small else 2, Activation.RELU)
    for i, (squeezed, expanded) in enumerate(_FIRES):
        if i in (0, 2, 4) and not (small and i == 0):
            x = d.max_pool(x, 3, 2)
        y = d.conv(x, _scaled(squeezed, width), activation=Activation.RELU)
        ones = d.conv(y, _scaled(expanded, width), activation=Activation.RELU)
        threes = d.conv(y, _scaled(expanded, width), 3, activation=Activation.RELU)
        x = d.concat(ones, threes)
    return d.network(d.dense(d.mean(x), classes))


def resnet8(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    """MLPerf Tiny's image classifier: three residual pairs of 16, 32 and 64 channels."""
    d = Drawing(resolution, channels)
    x = d.conv("input", _scaled(16, width), 3, 1, Activation.RELU)
    for out, stride in ((16, 1), (32, 2), (64, 2)):
        wide = _scaled(out, width)
        y = d.conv(x, wide, 3, stride, Activation.RELU)
        y = d.conv(y, wide, 3, 1, Activation.NONE)
        if stride != 1:
            x = d.conv(x, wide, 1, stride, Activation.NONE)
        x = d.add(x, y, Activation.RELU)
    return d.network(d.dense(d.mean(x), classes))


def _scaled(channels: int, width: float) -> int:
    return make_divisible(channels * width, DIVISOR)
