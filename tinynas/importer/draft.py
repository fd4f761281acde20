"""The half-built graph that a file's operators are translated into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from tinynas.graph.ir import DType, Edge, Op, Quantisation, Tensor
from tinynas.importer.model import FileModel, FileTensor
from tinynas.importer.problems import Problems
from tinynas.tflite import malformed

# Constants that are reshaped or transposed may come to this many times the file.
_COMPUTED_SHARE = 2
_COMPUTED_LEAST = 1 << 16


@dataclass
class Draft:
    """The graph so far, and what is known of the file's tensors by their index.

    names: the graph's tensor for each activation.  values: the data of those that could be
    computed.  stored: the graph's tensor for a constant under some quantisation.
    outside: the model's float and uint8 inputs, which only a QUANTIZE reads.  entering: the edge
    that such a QUANTIZE made, by the index of the input.  leaving: the edge that a DEQUANTIZE, or a
    QUANTIZE to uint8, made for its output.
    """

    model: FileModel
    problems: Problems = field(default_factory=Problems)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    values: dict[int, NDArray[Any]] = field(default_factory=dict)
    outside: dict[int, FileTensor] = field(default_factory=dict)
    entering: dict[int, Edge] = field(default_factory=dict)
    leaving: dict[int, Edge] = field(default_factory=dict)
    computed_bytes: int = 0
    stored: dict[tuple[int, Quantisation | None], str] = field(default_factory=dict)

    def add_tensor(
        self,
        wanted: str,
        shape: tuple[int, ...],
        quantisation: Quantisation | None,
        dtype: DType = DType.INT8,
        data: NDArray[Any] | None = None,
    ) -> str:
        """Adds a tensor under a name that no other has, and says which."""
        name = wanted or "tensor"
        number = 2
        while name in self.tensors:
            name = f"{wanted or 'tensor'}.{number}"
            number += 1
        self.tensors[name] = Tensor(name, shape, dtype, quantisation, data is not None, data)
        return name

    def compute(self, index: int, value: NDArray[Any]) -> None:
        """A tensor whose value is known now.

        Raises:
            InvalidInputError: such values come to more than the file, again and again.
        """
        self.computed_bytes += value.nbytes
        if self.computed_bytes > _COMPUTED_SHARE * self.model.size + _COMPUTED_LEAST:
            raise malformed("its operators only move constants about")
        self.values[index] = value

    def short_name(self, tensor: FileTensor) -> str:
        """A converter joins the names of all operators that it fused; the first is enough."""
        return "".join(c for c in tensor.name.split(";")[0] if c.isprintable())
