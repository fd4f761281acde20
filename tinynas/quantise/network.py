"""Float networks as the quantiser sees them: folded weights by tensor name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.quantise.ranges import Range
from tinynas.spaces import Shape

Weights: TypeAlias = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""(weight in the graph's layout, bias) by the name of the tensor that the op writes."""


class FloatNetwork(Protocol):
    """A trained network: `tinynas.supernet.Subnet`, or the `Folded` weights of one."""

    @property
    def network(self) -> Shape: ...

    def folded(self) -> Weights: ...


@dataclass(frozen=True, eq=False)
class Folded:
    """A network of weights without batch norm."""

    network: Shape
    weights: Weights

    def folded(self) -> Weights:
        return self.weights


@dataclass(frozen=True, eq=False)
class Calibrated:
    """All that decides an int8 graph: weights, and the range of each activation tensor by name.

    The input's range is not looked at: the preprocessing fixes it.
    """

    network: Shape
    weights: Weights
    ranges: Mapping[str, Range]
