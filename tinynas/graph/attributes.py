"""What each operator of the graph does: one frozen dataclass an operator.

The names and the int8 semantics are LiteRT's.  `N` is 1 throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Activation(StrEnum):
    """The clamp fused into an operator's output."""

    NONE = "none"
    RELU = "relu"
    RELU6 = "relu6"


@dataclass(frozen=True)
class Window:
    """A sliding window over height and width: (rows, columns) throughout.

    `padding` is (top, bottom, left, right), explicit: what SAME means for the sizes at hand is
    settled where the op is made, by `same_padding`.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Conv2D:
    """inputs: x NHWC, weights OHWI, bias int32 [O]."""

    window: Window
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class DepthwiseConv2D:
    """inputs: x NHWC, weights 1HWC' with C' = C * multiplier, bias int32 [C']."""

    window: Window
    multiplier: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class FullyConnected:
    """inputs: x [1, I] (or anything with I elements), weights OI, bias int32 [O]."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Add:
    """inputs: two NHWC tensors of one shape, each with its own scale and zero point."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Mean:
    """LiteRT's MEAN over height and width (global average pool): NHWC to [1, C] or [1, 1, 1, C]."""


@dataclass(frozen=True)
class Pad:
    """Real zeros around the input, or the stored byte `value`: (before, after) a dimension.

    Input and output have one scale and zero point.
    """

    padding: tuple[tuple[int, int], ...]
    value: int | None = None


@dataclass(frozen=True)
class Mul:
    """inputs: two tensors that broadcast as NumPy's do, of which at most one is constant."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class AveragePool2D:
    """LiteRT's AVERAGE_POOL_2D over NHWC; padding counts neither in the sum nor in the divisor.

    Input and output have one scale and zero point.  Other arithmetic than `Mean`'s.
    """

    window: Window
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class MaxPool2D:
    """Over NHWC; padding never wins.  Input and output have one scale and zero point."""

    window: Window
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Relu:
    """RELU or RELU6 as an operator of its own: requantise to the output's scale, then clamp."""

    activation: Activation = Activation.RELU


@dataclass(frozen=True)
class Quantize:
    """LiteRT's QUANTIZE from int8 to int8: the same values on another scale."""


@dataclass(frozen=True)
class Logistic:
    """1 / (1 + exp(-x)); the output's scale is 1/256."""


@dataclass(frozen=True)
class Tanh:
    """tanh(x)."""


@dataclass(frozen=True)
class HardSwish:
    """x * relu6(x + 3) / 6."""


@dataclass(frozen=True)
class Softmax:
    """exp(beta * x), normalised over the last axis; the output is 1/256 * (q + 128)."""

    beta: float = 1.0


@dataclass(frozen=True)
class Concat:
    """inputs: tensors of one scale and zero point, joined along `axis` (never the first)."""

    axis: int


@dataclass(frozen=True)
class Reshape:
    """The same bytes in the output tensor's shape."""


@dataclass(frozen=True)
class Transpose:
    """Dimension i of the output is dimension `permutation[i]` of the input; the first stays."""

    permutation: tuple[int, ...]


@dataclass(frozen=True)
class ResizeNearest:
    """Height and width by nearest neighbour, with LiteRT's single-precision coordinates."""

    align_corners: bool = False
    half_pixel_centers: bool = False


Attributes: TypeAlias = (
    Conv2D
    | DepthwiseConv2D
    | FullyConnected
    | Add
    | Mul
    | Mean
    | AveragePool2D
    | MaxPool2D
    | Relu
    | Quantize
    | Logistic
    | Tanh
    | HardSwish
    | Softmax
    | Concat
    | Pad
    | Reshape
    | Transpose
    | ResizeNearest
)
