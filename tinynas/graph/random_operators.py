"""Random int8 graphs of all operators: branches, several inputs and outputs, odd shapes.

Nothing that anyone would train; made to find bytes that differ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import (
    Activation,
    Add,
    Attributes,
    AveragePool2D,
    Concat,
    FullyConnected,
    Graph,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mean,
    Mul,
    Pad,
    Quantisation,
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Tensor,
    Transpose,
    Window,
    output_size,
    same_padding,
)
from tinynas.graph.random import GraphBuilder, RandomGraphOptions

_MAX_ELEMENTS = 12_000
_SHARE = Quantisation((1 / 256,), -128)


def random_operators(rng: np.random.Generator, *, name: str = "random") -> Graph:
    """A graph of 3 to 12 steps, each any operator that fits on any tensor so far.

    Args:
        rng: the only source of chance: equal states give equal graphs.
    """
    options = RandomGraphOptions(max_size=16, max_channels=20)
    builder = _OperatorBuilder(rng, options)
    for _ in range(int(rng.integers(3, 13))):
        builder.step()
    if rng.random() < 0.5:
        builder.tail()
    return builder.finished(name)


class _OperatorBuilder(GraphBuilder):
    def __init__(self, rng: np.random.Generator, options: RandomGraphOptions) -> None:
        super().__init__(rng, options)
        self.inputs = ["input"]
        self.steps: tuple[Callable[[], None], ...] = (
            lambda: self.convolution(int(rng.integers(1, 6))),
            self.depthwise,
            self.pair,
            self.constant_pair,
            self.squeeze_and_excite,
            self.pool,
            self.pool,
            self.function,
            self.function,
            self.softmax,
            self.concatenate,
            self.pad,
            self.reshape,
            self.transpose,
            self.resize,
        )

    def step(self) -> None:
        """One more operator, mostly on the newest tensor."""
        images = [n for n, t in self.tensors.items() if not t.constant and len(t.shape) == 4]
        if self.rng.random() < 0.3:
            self.last = images[int(self.rng.integers(len(images)))]
        elif self.last not in images:
            self.last = images[-1]
        self.steps[int(self.rng.integers(len(self.steps)))]()

    def tail(self) -> None:
        """A classifier over a pooled, flat or positional input, and its shares."""
        style = self.rng.random()
        if style < 0.4 and len(self.shape()) == 4:
            self.classifier()
        elif style < 0.7 and self.tensors[self.last].elements <= 2000:
            flat = (1, self.tensors[self.last].elements)
            self.same(Reshape(), flat)
            self.dense()
        else:
            self.dense()
        if self.rng.random() < 0.5:
            self.softmax()

    def finished(self, name: str) -> Graph:
        """The graph whose outputs are all that nothing reads."""
        read = {n for op in self.ops for n in op.inputs}
        outputs = tuple(op.outputs[0] for op in self.ops if op.outputs[0] not in read)
        inputs = tuple(n for n in self.inputs if n in read)
        kept = {n: t for n, t in self.tensors.items() if n not in self.inputs or n in inputs}
        return Graph(name, kept, tuple(self.ops), inputs, outputs)

    def pair(self) -> None:
        """The sum or product with another tensor of the shape, a new input if there is none."""
        shape = self.shape()
        others = [n for n, t in self.tensors.items() if t.shape == shape and not t.constant]
        others.remove(self.last)
        if not others:
            others = [self.new_input(shape)]
        other = others[int(self.rng.integers(len(others)))]
        if self.rng.random() < 0.5:
            self.add(other)
        else:
            self.product_with(other)

    def product_with(self, other: str) -> None:
        attributes = Mul(self.activation())
        real = self.real(self.last) * self.real(other)
        self.op(attributes, (self.last, other), self.shape(), real, attributes.activation)

    def constant_pair(self) -> None:
        """The sum or product with constants, one a channel or one for all."""
        shape = [(), (1,), self.shape()[-1:], (1, 1, *self.shape()[-2:])][int(self.rng.integers(4))]
        name = f"t{len(self.ops)}.constant"
        data = self.rng.integers(-128, 128, shape).astype(np.int8)
        scale = Quantisation((float(np.float32(self.rng.uniform(0.005, 0.03))),), 3)
        self.tensors[name] = Tensor(name, data.shape, quantisation=scale, constant=True, data=data)
        value = (data.astype(np.float64) - 3) * scale.scale[0]
        activation = self.activation()
        real = self.real(self.last)
        if self.rng.random() < 0.5:
            self.op(Add(activation), (self.last, name), self.shape(), real + value, activation)
        else:
            self.op(Mul(activation), (name, self.last), self.shape(), real * value, activation)

    def squeeze_and_excite(self) -> None:
        x, channels = self.last, self.shape()[-1]
        pooled = self.real(x).mean(axis=(1, 2), keepdims=True)
        self.op(Mean(), (x,), (1, 1, 1, channels), pooled, Activation.NONE)
        self.convolution(1, (1, 1), channels)
        self.op(Logistic(), (self.last,), self.shape(), pooled, Activation.NONE, _SHARE)
        gate, self.last = self.last, x
        self.product_with(gate)

    def pool(self) -> None:
        """An average or a maximum over a window inside, or padded as SAME or explicitly."""
        _, rows, columns, channels = self.shape()
        kernel = (int(self.rng.integers(1, 6)), int(self.rng.integers(1, 6)))
        attributes: AveragePool2D | MaxPool2D
        if self.rng.random() < 0.5:
            attributes = AveragePool2D(self.plain_window(kernel), self.activation())
        else:
            attributes = MaxPool2D(self.window(kernel, None, same=False), self.activation())
        window = attributes.window
        shape = (1, *output_size((rows, columns), window), channels)
        source = self.tensors[self.last].quantisation
        nothing = np.zeros(0)
        self.op(attributes, (self.last,), shape, nothing, Activation.NONE, source)

    def plain_window(self, kernel: tuple[int, int]) -> Window:
        """SAME or VALID."""
        _, rows, columns, _ = self.shape()
        stride = (int(self.rng.integers(1, 4)), int(self.rng.integers(1, 4)))
        if self.rng.random() < 0.5 and kernel[0] <= rows and kernel[1] <= columns:
            return Window(kernel, stride)
        return Window(kernel, stride, same_padding((rows, columns), kernel, stride))

    def function(self) -> None:
        x = self.real(self.last)
        cases: list[tuple[Attributes, NDArray[np.float64], Quantisation | None]] = [
            (Relu(Activation.RELU), np.maximum(x, 0), None),
            (Relu(Activation.RELU6), np.clip(x, 0, 6), None),
            (Quantize(), x * self.rng.uniform(0.5, 1.5), None),
            (Tanh(), np.tanh(x), None),
            (HardSwish(), x * np.clip(x + 3, 0, 6) / 6, None),
            (Logistic(), x, _SHARE),
        ]
        attributes, real, scale = cases[int(self.rng.integers(len(cases)))]
        self.op(attributes, (self.last,), self.shape(), real, Activation.NONE, scale)

    def softmax(self) -> None:
        beta = float(self.rng.choice([1.0, 0.5, 2.0]))
        x = self.real(self.last)
        self.op(Softmax(beta), (self.last,), self.shape(), x, Activation.NONE, _SHARE)

    def concatenate(self) -> None:
        """Along any axis, with tensors brought to the first one's scale."""
        first, shape = self.last, self.shape()
        axis = int(self.rng.integers(1, 4))
        scale = self.tensors[first].quantisation
        joined = [n for n, t in self.tensors.items() if self.joins(t, shape, axis)][:3]
        parts = [first]
        for other in joined:
            if self.tensors[other].quantisation != scale:
                x = self.real(other)
                self.op(Quantize(), (other,), x[:1].shape, x, Activation.NONE, scale)
                other = self.last
            parts.append(other)
        total = sum(self.tensors[n].shape[axis] for n in parts)
        out = (*shape[:axis], total, *shape[axis + 1 :])
        if np.prod(out) > _MAX_ELEMENTS:
            return
        self.op(Concat(axis), tuple(parts), out, np.zeros(0), Activation.NONE, scale)

    def joins(self, tensor: Tensor, shape: tuple[int, ...], axis: int) -> bool:
        rest = tensor.shape[:axis] + tensor.shape[axis + 1 :]
        fits = len(tensor.shape) == 4 and rest == shape[:axis] + shape[axis + 1 :]
        return fits and not tensor.constant and self.rng.random() < 0.7

    def pad(self) -> None:
        amounts = self.rng.integers(0, 3, (3, 2))
        if self.rng.random() < 0.5:
            amounts[2] = 0
        padding = ((0, 0), *((int(a), int(b)) for a, b in amounts))
        value = int(self.rng.choice([-128, 0, 77])) if self.rng.random() < 0.4 else None
        shape = tuple(n + sum(p) for n, p in zip(self.shape(), padding, strict=True))
        if np.prod(shape) <= _MAX_ELEMENTS:
            self.same(Pad(padding, value), shape)

    def reshape(self) -> None:
        _, rows, columns, channels = self.shape()
        shapes = [
            (1, columns, rows, channels),
            (1, rows * columns, 1, channels),
            (1, 1, rows, columns * channels),
            (1, rows, columns * channels),
        ]
        shape = shapes[int(self.rng.integers(4))]
        self.same(Reshape(), shape)

    def transpose(self) -> None:
        permutation = (0, *(int(axis) for axis in 1 + self.rng.permutation(3)))
        self.same(Transpose(permutation), tuple(self.shape()[axis] for axis in permutation))

    def resize(self) -> None:
        shape = (1, *(int(n) for n in self.rng.integers(1, 20, 2)), self.shape()[-1])
        flags = [(False, False), (True, False), (False, True)][int(self.rng.integers(3))]
        self.same(ResizeNearest(*flags), shape)

    def dense(self) -> None:
        """FULLY_CONNECTED over the last dimension, at every position."""
        *positions, depth = self.shape()
        classes = int(self.rng.integers(2, 12))
        weights, bias = self._constants((classes, depth), classes)
        names = self._add_constants(weights, bias, axis=0)
        matrix = weights.T * self._scales(names[0])
        real = self.real(self.last) @ matrix + bias * self._scales(names[1])
        attributes = FullyConnected(self.activation())
        shape = (*positions, classes)
        self.op(attributes, (self.last, *names), shape, real, attributes.activation)

    def same(self, attributes: Attributes, shape: tuple[int, ...]) -> None:
        """An operator that moves bytes: its output has its input's scale."""
        scale = self.tensors[self.last].quantisation
        self.op(attributes, (self.last,), shape, np.zeros(0), Activation.NONE, scale)

    def new_input(self, shape: tuple[int, ...]) -> str:
        name = f"input{len(self.inputs) + 1}"
        scale = Quantisation((float(np.float32(self.rng.uniform(0.005, 0.05))),), 7)
        self.tensors[name] = Tensor(name, shape, quantisation=scale)
        self.samples[name] = self.rng.integers(-128, 128, (4, *shape[1:]), dtype=np.int8)
        self.inputs.append(name)
        return name

    def shape(self) -> tuple[int, ...]:
        return self.tensors[self.last].shape
