"""The integer arithmetic of LiteRT's reference kernels, as constants and as formulas.

`requantisation(graph, op)` gives the constants of one op as a frozen dataclass whose docstring is
the formula and whose `apply` is that formula in NumPy.  The NumPy reference and the C generator
both take their numbers from here, so they cannot differ.  Settled by experiment against
`ai-edge-litert` with `BUILTIN_REF`; the tests of `tinynas.export` repeat the experiment.
"""

from __future__ import annotations

from typing import TypeAlias

from tinynas.graph.arithmetic.elementwise import (
    AddRequantisation,
    MulRequantisation,
    add_requantisation,
    mul_requantisation,
)
from tinynas.graph.arithmetic.fixed_point import (
    FixedPoint,
    activation_range,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    scale_of,
    scales_of,
    zero_point_of,
)
from tinynas.graph.arithmetic.nearest import nearest_indices
from tinynas.graph.arithmetic.pooling import (
    MeanRequantisation,
    PoolClamp,
    mean_requantisation,
    pool_clamp,
)
from tinynas.graph.arithmetic.products import (
    FullyConnectedRequantisation,
    Requantisation,
    accumulator_bounds,
    bias_of,
    convolution_requantisation,
    fully_connected_requantisation,
)
from tinynas.graph.arithmetic.softmax import SoftmaxConstants, softmax_constants
from tinynas.graph.arithmetic.tables import LookupTable, lookup_table
from tinynas.graph.ir import (
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mean,
    Mul,
    Op,
    Quantize,
    Relu,
    Softmax,
    Tanh,
)

AnyRequantisation: TypeAlias = (
    Requantisation
    | FullyConnectedRequantisation
    | AddRequantisation
    | MulRequantisation
    | MeanRequantisation
    | PoolClamp
    | LookupTable
    | SoftmaxConstants
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
        case Mul():
            return mul_requantisation(graph, op)
        case AveragePool2D() | MaxPool2D():
            return pool_clamp(graph, op)
        case Relu() | Quantize() | Logistic() | Tanh() | HardSwish():
            return lookup_table(graph, op)
        case Softmax():
            return softmax_constants(graph, op)
        case _:
            raise ValueError(f"op {op.name}: {op.kind} moves bytes, it requantises nothing")


__all__ = [
    "AddRequantisation",
    "AnyRequantisation",
    "FixedPoint",
    "FullyConnectedRequantisation",
    "LookupTable",
    "MeanRequantisation",
    "MulRequantisation",
    "PoolClamp",
    "Requantisation",
    "SoftmaxConstants",
    "accumulator_bounds",
    "activation_range",
    "add_requantisation",
    "bias_of",
    "convolution_requantisation",
    "fully_connected_requantisation",
    "lookup_table",
    "mean_requantisation",
    "mul_requantisation",
    "multiply_by_quantized_multiplier",
    "nearest_indices",
    "pool_clamp",
    "quantize_multiplier",
    "requantisation",
    "scale_of",
    "scales_of",
    "softmax_constants",
    "zero_point_of",
]
