"""The integer arithmetic of LiteRT's reference kernels, as constants and as formulas.

`requantisation(graph, op)` gives the constants of one op as a frozen dataclass whose docstring is
the formula and whose `apply` is that formula in NumPy.  The NumPy reference and the C generator
both take their numbers from here, so they cannot differ.  Settled by experiment against
`ai-edge-litert` with `BUILTIN_REF`; the tests of `tinynas.export` repeat the experiment.
"""

from __future__ import annotations

from typing import TypeAlias

from tinynas.graph.arithmetic.elementwise import AddRequantisation, add_requantisation
from tinynas.graph.arithmetic.fixed_point import (
    FixedPoint,
    activation_range,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    scale_of,
    scales_of,
    zero_point_of,
)
from tinynas.graph.arithmetic.pooling import MeanRequantisation, mean_requantisation
from tinynas.graph.arithmetic.products import (
    FullyConnectedRequantisation,
    Requantisation,
    accumulator_bounds,
    bias_of,
    convolution_requantisation,
    fully_connected_requantisation,
)
from tinynas.graph.ir import Add, Conv2D, DepthwiseConv2D, FullyConnected, Graph, Mean, Op

AnyRequantisation: TypeAlias = (
    Requantisation | FullyConnectedRequantisation | AddRequantisation | MeanRequantisation
)


def requantisation(graph: Graph, op: Op) -> AnyRequantisation:
    """The constants that turn what `op` accumulates into its output.

    Raises:
        ValueError: a tensor has no scale or no data, the accumulators can leave int32, or the
            operator only moves bytes.
    """
    match op.attributes:
        case Conv2D() | DepthwiseConv2D():
            return convolution_requantisation(graph, op)
        case FullyConnected():
            return fully_connected_requantisation(graph, op)
        case Add():
            return add_requantisation(graph, op)
        case Mean():
            return mean_requantisation(graph, op)
        case _:
            raise ValueError(f"op {op.name}: {op.kind} moves bytes, it requantises nothing")


__all__ = [
    "AddRequantisation",
    "AnyRequantisation",
    "FixedPoint",
    "FullyConnectedRequantisation",
    "MeanRequantisation",
    "Requantisation",
    "accumulator_bounds",
    "activation_range",
    "add_requantisation",
    "bias_of",
    "convolution_requantisation",
    "fully_connected_requantisation",
    "mean_requantisation",
    "multiply_by_quantized_multiplier",
    "quantize_multiplier",
    "requantisation",
    "scale_of",
    "scales_of",
    "zero_point_of",
]
