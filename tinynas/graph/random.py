"""Random int8 networks with sane scales, for tests and benchmarks.

Scales come from running the half-built network on random inputs, so that activations spread over
their range and few saturate: a saturated byte hides every error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import (
    Activation,
    Add,
    Attributes,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    Mean,
    Op,
    Quantisation,
    Tensor,
    Window,
    output_size,
    same_padding,
)
from tinynas.graph.reference import run
from tinynas.graph.reference.windows import convolution_sums, depthwise_sums, padded

_SAMPLES = 4


@dataclass(frozen=True)
class RandomGraphOptions:
    """What may occur in a random graph; sizes in pixels, inclusive."""

    min_size: int = 1
    max_size: int = 24
    max_channels: int = 40
    blocks: tuple[int, int] = (1, 4)
    explicit_padding: bool = True
    depth_multipliers: bool = True
    classifier: bool | None = None


def random_graph(
    rng: np.random.Generator, options: RandomGraphOptions | None = None, *, name: str = "random"
) -> Graph:
    """A chain of convolutions, depthwise ones and residual blocks, mostly with a classifier.

    Args:
        rng: the only source of chance: equal states give equal graphs.
        options: what may occur; `classifier` None means in three graphs of four.
    """
    options = options or RandomGraphOptions()
    builder = GraphBuilder(rng, options)
    for _ in range(rng.integers(options.blocks[0], options.blocks[1] + 1)):
        builder.block()
    if options.classifier or (options.classifier is None and rng.random() < 0.75):
        builder.classifier()
    return builder.graph(name)


class GraphBuilder:
    """Grows a graph from its input, carrying what each tensor holds for some sample inputs."""

    def __init__(self, rng: np.random.Generator, options: RandomGraphOptions) -> None:
        self.rng = rng
        self.options = options
        self.tensors: dict[str, Tensor] = {}
        self.ops: list[Op] = []
        self.samples: dict[str, NDArray[np.generic]] = {}
        rows, columns = (int(v) for v in rng.integers(options.min_size, options.max_size + 1, 2))
        if rng.random() < 0.5:
            columns = rows
        shape = (1, rows, columns, int(rng.integers(1, min(9, options.max_channels + 1))))
        quantisation = Quantisation(
            (_float32(rng.uniform(0.005, 0.05)),), int(rng.integers(-20, 20))
        )
        self.tensors["input"] = Tensor("input", shape, quantisation=quantisation)
        self.samples["input"] = rng.integers(-128, 128, (_SAMPLES, *shape[1:]), dtype=np.int8)
        self.last = "input"

    def graph(self, name: str) -> Graph:
        return Graph(name, self.tensors, tuple(self.ops), ("input",), (self.last,))

    def block(self) -> None:
        """A convolution, or depthwise and pointwise with a residual sum where shapes agree."""
        if self.rng.random() < 0.35:
            self.convolution(int(self.rng.integers(1, 6)))
            return
        source = self.last
        channels = self.tensors[source].shape[-1]
        residual = self.rng.random() < 0.6
        if self.rng.random() < 0.6:
            self.convolution(1, stride=(1, 1))
        self.depthwise(stride=(1, 1) if residual else None, same=residual)
        self.convolution(1, stride=(1, 1), channels=channels if residual else None)
        if residual:
            self.add(source)

    def convolution(
        self, kernel: int, stride: tuple[int, int] | None = None, channels: int | None = None
    ) -> None:
        window = self.window((kernel, kernel), stride, same=kernel == 1)
        if channels is None:
            channels = int(self.rng.integers(1, self.options.max_channels + 1))
        in_channels = self.tensors[self.last].shape[-1]
        shape = (channels, *window.kernel, in_channels)
        self._product(Conv2D(window, self.activation()), shape, window, channels)

    def depthwise(self, stride: tuple[int, int] | None = None, *, same: bool = False) -> None:
        kernel = int(self.rng.choice([3, 5, 7]))
        window = self.window((kernel, kernel), stride, same=same)
        channels = self.tensors[self.last].shape[-1]
        multiplier = 1
        if self.options.depth_multipliers and channels <= 8 and self.rng.random() < 0.2:
            multiplier = 2
        shape = (1, *window.kernel, channels * multiplier)
        attributes = DepthwiseConv2D(window, multiplier, self.activation())
        self._product(attributes, shape, window, channels * multiplier)

    def add(self, other: str) -> None:
        attributes = Add(self.activation())
        real = self.real(self.last) + self.real(other)
        inputs = (other, self.last) if self.rng.random() < 0.5 else (self.last, other)
        self.op(attributes, inputs, self.tensors[self.last].shape, real, attributes.activation)

    def classifier(self, classes: int | None = None) -> None:
        channels = self.tensors[self.last].shape[-1]
        real = self.real(self.last).mean(axis=(1, 2))
        shape = (1, 1, 1, channels) if self.rng.random() < 0.5 else (1, channels)
        self.op(Mean(), (self.last,), shape, real, Activation.NONE)
        classes = classes or int(self.rng.integers(2, 12))
        weights, bias = self._constants((classes, channels), classes)
        matrix = weights.reshape(classes, -1).T
        attributes = FullyConnected(self.activation())
        names = self._add_constants(weights, bias, axis=0)
        real = self.real(self.last).reshape(_SAMPLES, -1) @ (matrix * self._scales(names[0]))
        real += bias * self._scales(names[1])
        self.op(attributes, (self.last, *names), (1, classes), real, attributes.activation)

    def _product(
        self,
        attributes: Conv2D | DepthwiseConv2D,
        weight_shape: tuple[int, ...],
        window: Window,
        channels: int,
    ) -> None:
        """Append a convolution whose outputs have a standard deviation of about 2."""
        depthwise = isinstance(attributes, DepthwiseConv2D)
        weights, bias = self._constants(weight_shape, channels)
        names = self._add_constants(weights, bias, axis=3 if depthwise else 0)
        image = padded(self.real(self.last), 0, window, np.float64)
        scales = self._scales(names[0])
        zeros = np.zeros(channels)
        if isinstance(attributes, DepthwiseConv2D):
            image = np.repeat(image, attributes.multiplier, axis=-1)
            real = depthwise_sums(image, weights[0] * scales, zeros, window)
        else:
            real = convolution_sums(image, weights.reshape(channels, -1).T * scales, zeros, window)
        spread = 2.0 / max(float(real.std()), 1e-6)
        for name in names:
            self._rescale(name, spread)
        real = real * spread + bias * self._scales(names[1])
        _, rows, columns, _ = self.tensors[self.last].shape
        shape = (1, *output_size((rows, columns), window), channels)
        self.op(attributes, (self.last, *names), shape, real, attributes.activation)

    def op(
        self,
        attributes: Attributes,
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
        real: NDArray[np.floating],
        activation: Activation,
        quantisation: Quantisation | None = None,
    ) -> None:
        """Append an op whose output would hold `real`, and quantise it accordingly.

        Where the operator leaves no choice, `quantisation` says it.
        """
        name = f"t{len(self.ops)}"
        quantisation = quantisation or self._spread(real, activation)
        self.tensors[name] = Tensor(name, shape, quantisation=quantisation)
        op = Op(name, attributes, inputs, (name,))
        self.ops.append(op)
        alone = Graph(name, self.tensors, (op,), tuple(dict.fromkeys(self._live(op))), (name,))
        self.samples |= run(alone, {n: self.samples[n] for n in alone.inputs})
        self.last = name

    def _live(self, op: Op) -> list[str]:
        return [n for n in op.inputs if not self.tensors[n].constant]

    def _spread(self, real: NDArray[np.floating], activation: Activation) -> Quantisation:
        """Scale and zero point under which some of `real` saturates at both ends."""
        low, high = np.quantile(real, [0.005, 0.995])
        if activation is not Activation.NONE:
            low = max(low, 0.0)
        if activation is Activation.RELU6:
            high = min(high, 6.0 * self.rng.uniform(0.8, 1.2))
        low, high = min(float(low), 0.0), max(float(high), 0.0)
        scale = _float32(max(high - low, 0.05) / 255)
        return Quantisation((scale,), int(np.clip(np.rint(-128 - low / scale), -128, 127)))

    def _constants(
        self, shape: tuple[int, ...], channels: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Whole-numbered weights in [-127, 127], and a bias that shifts but does not drown them."""
        weights = np.clip(np.rint(self.rng.normal(0, 50, shape)), -127, 127)
        taps = weights.size / channels
        return weights, np.rint(self.rng.normal(0, 1500 * np.sqrt(taps), channels))

    def _add_constants(
        self, weights: NDArray[np.float64], bias: NDArray[np.float64], axis: int
    ) -> tuple[str, str]:
        name, channels = f"t{len(self.ops)}", len(bias)
        per_channel = self.rng.random() < 0.85
        scales = self.rng.uniform(0.002, 0.01, channels if per_channel else 1)
        scale = tuple(_float32(s) for s in scales)
        self.tensors[f"{name}.weight"] = Tensor(
            f"{name}.weight",
            weights.shape,
            DType.INT8,
            Quantisation(scale, axis=axis if per_channel else None),
            constant=True,
            data=weights.astype(np.int8),
        )
        in_scale = self._scales(self.last)[0]
        self.tensors[f"{name}.bias"] = Tensor(
            f"{name}.bias",
            (channels,),
            DType.INT32,
            Quantisation(
                tuple(_float32(in_scale * s) for s in scale), axis=0 if per_channel else None
            ),
            constant=True,
            data=bias.astype(np.int32),
        )
        return f"{name}.weight", f"{name}.bias"

    def window(
        self, kernel: tuple[int, int], stride: tuple[int, int] | None, *, same: bool
    ) -> Window:
        _, rows, columns, _ = self.tensors[self.last].shape
        size = (rows, columns)
        if stride is None:
            stride = ((1, 1), (2, 2), (2, 1))[int(self.rng.choice(3, p=[0.5, 0.4, 0.1]))]
        style = self.rng.random()
        if not same and style < 0.25 and kernel[0] <= rows and kernel[1] <= columns:
            return Window(kernel, stride)
        if not same and style > 0.85 and self.options.explicit_padding:
            limit = min(kernel)
            top, bottom, left, right = (int(v) for v in self.rng.integers(0, limit, 4))
            if rows + top + bottom >= kernel[0] and columns + left + right >= kernel[1]:
                return Window(kernel, stride, (top, bottom, left, right))
        return Window(kernel, stride, same_padding(size, kernel, stride))

    def activation(self) -> Activation:
        return Activation(self.rng.choice([a.value for a in Activation], p=[0.5, 0.25, 0.25]))

    def real(self, name: str) -> NDArray[np.float64]:
        quantisation = self.tensors[name].quantisation
        assert quantisation is not None  # noqa: S101
        return (self.samples[name].astype(np.float64) - quantisation.zero_point) * self._scales(
            name
        )

    def _scales(self, name: str) -> NDArray[np.float64]:
        quantisation = self.tensors[name].quantisation
        assert quantisation is not None  # noqa: S101
        return np.asarray(quantisation.scale)

    def _rescale(self, name: str, factor: float) -> None:
        tensor = self.tensors[name]
        assert tensor.quantisation is not None  # noqa: S101
        scale = tuple(_float32(s * factor) for s in tensor.quantisation.scale)
        quantisation = replace(tensor.quantisation, scale=scale)
        self.tensors[name] = replace(tensor, quantisation=quantisation)


def _float32(value: float) -> float:
    """`value` as a `.tflite` file would store it."""
    return float(np.float32(value))
