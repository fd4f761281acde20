"""Test vectors: what goes in and what must come out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.rows import row_bytes

MIN_VECTORS = 16


@dataclass(frozen=True)
class Vectors:
    """Inputs and expected outputs, int8 [N, ...]; N is at least 16.

    Of a network with several inputs (or outputs) a row [bytes] holds one after the other, in the
    graph's order.
    """

    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]

    @classmethod
    def load(cls, path: Path) -> Vectors:
        """The inverse of `to_bytes`, from a file."""
        with np.load(path, allow_pickle=False) as archive:
            return cls(archive["inputs"], archive["outputs"])

    def to_bytes(self) -> bytes:
        """An `.npz` file of both arrays."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, inputs=self.inputs, outputs=self.outputs)
        return buffer.getvalue()

    def check(self, graph: Graph) -> None:
        """Whether they are vectors of `graph`.

        Raises:
            InvalidInputError: too few of them, or of another shape or type than the graph says.
        """
        for name, array, names in (
            ("inputs", self.inputs, graph.inputs),
            ("outputs", self.outputs, graph.outputs),
        ):
            size = row_bytes(graph, names)
            expected = f"at least {MIN_VECTORS} x {size} of int8"
            rows = array.reshape(len(array), -1) if array.ndim > 1 else array[:, None]
            wrong_shape = len(rows) != len(self.inputs) or rows.shape[1] != size
            if len(rows) < MIN_VECTORS or wrong_shape or array.dtype != np.int8:
                raise InvalidInputError(
                    f"vectors, {name}: {list(array.shape)} of {array.dtype}, needed is {expected}",
                    field=f"vectors.{name}",
                    given=[list(array.shape), str(array.dtype)],
                    allowed=expected,
                )
