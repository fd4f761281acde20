"""ShuffleNetV2 (Ma et al., 2018, arXiv:1807.11164), without an operator that splits channels.

Half of the channels pass a unit untouched, the others are convolved; then the halves are shuffled,
so that the next unit's halves both have old and new channels.  Here a map is four tensors of a
quarter each, and shuffling chooses which two are a half: what a convolution does not read need not
be moved.  It differs from the published order in which old channels wait: the older quarter is
always the next to be convolved.  MACs and weights are the published ones.
"""

from __future__ import annotations

from benchmarks.baselines.inverted import SMALL_IMAGES
from tinynas.graph.ir import Activation
from tinynas.spaces import Drawing, DrawnNetwork
from tinynas.spaces.model import make_divisible

_STEM, _LAST = 24, 1024
_STAGES = ((116, 4), (232, 8), (464, 4))
"""(Channels, units) of each stage; the first unit halves the resolution."""
Half = tuple[str, str]
RELU, NONE = Activation.RELU, Activation.NONE


def shufflenet_v2(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
    small = resolution <= SMALL_IMAGES
    d = Drawing(resolution, channels)
    x = d.conv("input", make_divisible(_STEM * width, 4), 3, 1 if small else 2, RELU)
    if not small:
        x = d.max_pool(x, 3, 2)
    for out, units in _STAGES:
        quarter = make_divisible(out * width, 4) // 4
        kept, worked = _halving_unit(d, x, quarter)
        for _ in range(units - 1):
            kept, worked = _unit(d, kept, worked, quarter)
        x = d.concat(*kept, *worked)
    x = d.conv(x, make_divisible(_LAST * width, 4), activation=RELU)
    return d.network(d.dense(d.mean(x), classes))


def _halving_unit(d: Drawing, x: str, quarter: int) -> tuple[Half, Half]:
    """Both branches are convolved, and halve the rows and columns."""
    left = _quarters(d, d.depthwise(x, 3, 2, NONE), quarter)
    right = _branch(d, x, quarter, 2)
    return (left[0], right[0]), (left[1], right[1])


def _unit(d: Drawing, kept: Half, worked: Half, quarter: int) -> tuple[Half, Half]:
    older, newer = kept
    made = _branch(d, d.concat(*worked), quarter, 1)
    return (newer, made[0]), (older, made[1])


def _branch(d: Drawing, x: str, quarter: int, stride: int) -> Half:
    y = d.conv(x, 2 * quarter, activation=RELU)
    return _quarters(d, d.depthwise(y, 3, stride, NONE), quarter)


def _quarters(d: Drawing, x: str, quarter: int) -> Half:
    return d.conv(x, quarter, activation=RELU), d.conv(x, quarter, activation=RELU)
