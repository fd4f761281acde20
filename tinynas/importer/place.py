"""One operator of a file while it is translated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Activation, Attributes, DType, Op, Quantisation, Tensor
from tinynas.importer.arithmetic import undefined_arithmetic
from tinynas.importer.draft import Draft
from tinynas.importer.model import FileOperator, FileTensor
from tinynas.importer.problems import Problem
from tinynas.tflite import ActivationCode, TensorType, default_of

_ACTIVATIONS = {
    ActivationCode.NONE: Activation.NONE,
    ActivationCode.RELU: Activation.RELU,
    ActivationCode.RELU6: Activation.RELU6,
}
_STORED = {TensorType.INT8: DType.INT8, TensorType.INT32: DType.INT32}
_FLOATS = (TensorType.FLOAT32, TensorType.FLOAT16, TensorType.BFLOAT16, TensorType.FLOAT64)


def single_scale(tensor: FileTensor, kind: TensorType) -> Quantisation | None:
    """The quantisation of an activation of type int8 or uint8, if it has one of that type."""
    found = tensor.quantisation
    least = -128 if kind is TensorType.INT8 else 0
    if found is None or len(found.scale) != 1 or not least <= found.zero_point[0] <= least + 255:
        return None
    return Quantisation(found.scale, found.zero_point[0])


class RefusedError(Exception):
    """The operator cannot be translated; its problems are on the list already."""


class Place:
    """An operator's inputs and options in the graph's terms; each complaint names the operator."""

    def __init__(self, draft: Draft, op: FileOperator) -> None:
        self.draft = draft
        self.op = op
        self.complained = False

    def complain(self, what: str, *, computes_in_float: bool = False) -> None:
        """Put a problem on the list and go on looking for others."""
        self.complained = True
        writes = [self.draft.model.tensor(i).name for i in self.op.outputs]
        place = f"operator {self.op.index}, {self.op.name} writing {', '.join(map(repr, writes))}"
        self.draft.problems.add(Problem(place, what, computes_in_float))

    def refuse(self, what: str, *, computes_in_float: bool = False) -> RefusedError:
        self.complain(what, computes_in_float=computes_in_float)
        return RefusedError()

    def count_inputs(self, least: int, most: int | None = None) -> None:
        most = least if most is None else most
        if not least <= len(self.op.inputs) <= most or len(self.op.outputs) != 1:
            allowed = str(least) if least == most else f"{least} to {most}"
            raise self.refuse(
                f"{len(self.op.inputs)} inputs and {len(self.op.outputs)} outputs; "
                f"allowed are {allowed} and 1"
            )

    def has_input(self, i: int) -> bool:
        return i < len(self.op.inputs) and self.op.inputs[i] >= 0

    def file_input(self, i: int) -> FileTensor:
        """Input `i` as the file declares it."""
        if not self.has_input(i):
            raise self.refuse(f"input {i} is left out")
        return self.draft.model.tensor(self.op.inputs[i])

    @property
    def file_output(self) -> FileTensor:
        return self.draft.model.tensor(self.op.outputs[0])

    @property
    def output_name(self) -> str:
        return self.draft.short_name(self.file_output)

    def activation(self, i: int) -> Tensor:
        """Input `i`, int8 and not constant."""
        tensor = self.file_input(i)
        if self.op.inputs[i] in self.draft.names:
            found = self.draft.tensors[self.draft.names[self.op.inputs[i]]]
            if not found.shape:
                raise self.refuse(f"input {i}, {tensor}, has no dimensions")
            return found
        if tensor.type in _FLOATS:
            what = f"computes in {tensor.type.name.lower()}{self._dynamic_range()}, on {tensor}"
            raise self.refuse(what, computes_in_float=True)
        if self.known(i) is not None:
            raise self.refuse(f"input {i}, {tensor}, is constant")
        if tensor.type is not TensorType.INT8:
            raise self.refuse(f"input {i}, {tensor}, is {tensor.type.name.lower()}, not int8")
        # What should have written it has been refused, and is on the list.
        raise RefusedError()

    def _dynamic_range(self) -> str:
        inputs = [self.draft.model.tensor(i) for i in self.op.inputs if i >= 0]
        weights = any(t.constant and t.type is TensorType.INT8 for t in inputs)
        return " with int8 weights (dynamic range)" if weights else ""

    def operand(self, i: int) -> Tensor:
        """Input `i`, int8, constant or not."""
        tensor, data = self.file_input(i), self.known(i)
        if data is None or tensor.type in _FLOATS:
            return self.activation(i)
        return self.stored(i, "constant", TensorType.INT8, self.quantisation(tensor))

    def stored(
        self, i: int, role: str, kind: TensorType, quantisation: Quantisation | None
    ) -> Tensor:
        """Constant input `i` as a tensor of the graph, named after the output and its role."""
        data = self.constant(i, kind)
        key = self.op.inputs[i], quantisation
        if key not in self.draft.stored:
            name = f"{self.output_name}.{role}"
            name = self.draft.add_tensor(name, data.shape, quantisation, _STORED[kind], data)
            self.draft.stored[key] = name
        return self.draft.tensors[self.draft.stored[key]]

    def known(self, i: int) -> NDArray[Any] | None:
        """The data of input `i`, if it is constant or could be computed."""
        tensor = self.file_input(i)
        return self.draft.values.get(tensor.index, tensor.data)

    def constant(self, i: int, *kinds: TensorType) -> NDArray[Any]:
        """The data of input `i`, of one of these types."""
        tensor = self.file_input(i)
        data = self.known(i)
        if tensor.type not in kinds or data is None or tensor.sparse:
            named = " or ".join(kind.name.lower() for kind in kinds)
            state = "sparse " if tensor.sparse else "" if data is None else "constant "
            raise self.refuse(
                f"input {i}, {tensor}, is {state}{tensor.type.name.lower()}; "
                f"allowed is constant {named}",
                computes_in_float=tensor.type in _FLOATS,
            )
        return data

    def sizes(self, i: int) -> tuple[int, ...]:
        """A small constant of whole numbers: a shape, axes, paddings."""
        data = self.constant(i, TensorType.INT32, TensorType.INT64)
        if data.size > 64:
            raise self.refuse(f"input {i} has {data.size} elements, too many")
        return tuple(int(v) for v in data.ravel())

    def option(self, table: str, field_name: str) -> Any:
        """A field of the operator's options; the schema's default where there are none."""
        options = self.op.options
        if options is not None and options.name != table:
            raise self.refuse(f"its options are {options.name}, not {table}")
        return default_of(table, field_name) if options is None else options[field_name]

    def fused(self, table: str) -> Activation:
        """The activation fused into the operator."""
        code = self.option(table, "activation")
        if code not in list(_ACTIVATIONS):
            self.complain(f"fused activation {code}; allowed are none, RELU and RELU6")
            return Activation.NONE
        return _ACTIVATIONS[ActivationCode(code)]

    def quantisation(self, tensor: FileTensor) -> Quantisation:
        """One scale and one int8 zero point."""
        found = single_scale(tensor, TensorType.INT8)
        if found is None:
            raise self.refuse(f"{tensor} has no single scale with a zero point in -128..127")
        return found

    def assume_outputs(self) -> None:
        """After a refusal: what the file declares, so that what follows is looked at too."""
        for index in self.op.outputs:
            out = self.draft.model.tensor(index)
            scale = single_scale(out, TensorType.INT8)
            if out.type is TensorType.INT8 and scale is not None and out.shape[:1] == (1,):
                name = self.draft.add_tensor(self.draft.short_name(out), out.shape, scale)
                self.draft.names[index] = name

    def emit(
        self, attributes: Attributes, inputs: Iterable[Tensor], shape: tuple[int, ...]
    ) -> None:
        """The operator itself, writing the file's output."""
        out = self.file_output
        if out.type is not TensorType.INT8:
            floating = out.type in _FLOATS
            raise self.refuse(
                f"its output is {out.type.name.lower()}, not int8", computes_in_float=floating
            )
        if out.variable:
            raise self.refuse(f"{out} is a variable")
        name = self.draft.short_name(out)
        tensor = self.add(attributes, inputs, name, shape, self.quantisation(out))
        self.draft.names[out.index] = tensor.name

    def add(
        self,
        attributes: Attributes,
        inputs: Iterable[Tensor],
        name: str,
        shape: tuple[int, ...],
        quantisation: Quantisation | None,
    ) -> Tensor:
        """One op of the graph and the tensor that it writes."""
        if self.complained:
            raise RefusedError()
        self._check_shape(shape)
        name = self.draft.add_tensor(name, shape, quantisation)
        operands = tuple(inputs)
        op = Op(name, attributes, tuple(t.name for t in operands), (name,))
        wrong = undefined_arithmetic(op, (*operands, self.draft.tensors[name]))
        if wrong:
            raise self.refuse(wrong)
        self.draft.ops.append(op)
        return self.draft.tensors[name]

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        size = np.prod(np.array(shape, dtype=np.float64))
        if not shape or shape[0] != 1 or min(shape) < 1 or size >= 2.0**31:
            raise self.refuse(
                f"its output would have shape {list(shape)}; the first dimension is 1, none is 0"
            )
