"""A weightless graph from the shapes of a network: what the planner and the counters need.

Tensor names are a contract: the quantiser fills in weights and scales under the same names.
Activations: `input`, `stem`, `b<i>.expand`, `b<i>.depthwise`, `b<i>.project`, `b<i>.add`, `pool`,
`logits` (block numbers i count through the network from 0, the fixed first block).  Constants of
the op that writes X: `X.weight`, `X.bias`.  Ops are named after the tensor they write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

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
    Tensor,
    Window,
    output_size,
    same_padding,
)
from tinynas.spaces.drawn import DrawnNetwork
from tinynas.spaces.network import BlockShape, NetworkShape

Shape: TypeAlias = NetworkShape | DrawnNetwork
"""Whatever has a skeleton."""


def skeleton(network: Shape, *, name: str = "network") -> Graph:
    """The int8 graph of `network` without weights and quantisation parameters."""
    if isinstance(network, DrawnNetwork):
        return replace(network.graph, name=name)
    builder = _Builder(network.activation)
    size, channels = network.resolution, network.input_channels
    builder.add_tensor(Tensor("input", (1, size, size, channels)))
    stem = network.stem
    x = builder.conv("input", "stem", stem.out_channels, stem.kernel, stem.stride)
    for i, block in enumerate(network.blocks):
        x = builder.block(x, f"b{i}", block)
    x = builder.op("pool", Mean(), (x,), (1, network.feature_channels))
    builder.add_constants("logits", (network.classes, network.feature_channels), network.classes)
    builder.op(
        "logits", FullyConnected(), (x, "logits.weight", "logits.bias"), (1, network.classes)
    )
    return Graph(name, builder.tensors, tuple(builder.ops), ("input",), ("logits",))


class _Builder:
    """Collects ops; every method returns the name of the tensor that its op writes."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.tensors: dict[str, Tensor] = {}
        self.ops: list[Op] = []

    def add_tensor(self, tensor: Tensor) -> None:
        self.tensors[tensor.name] = tensor

    def add_constants(self, output: str, weight_shape: tuple[int, ...], channels: int) -> None:
        self.add_tensor(Tensor(f"{output}.weight", weight_shape, DType.INT8, constant=True))
        self.add_tensor(Tensor(f"{output}.bias", (channels,), DType.INT32, constant=True))

    def op(
        self, name: str, attributes: Attributes, inputs: tuple[str, ...], shape: tuple[int, ...]
    ) -> str:
        self.add_tensor(Tensor(name, shape))
        self.ops.append(Op(name, attributes, inputs, (name,)))
        return name

    def _window(self, x: str, kernel: int, stride: int) -> tuple[Window, tuple[int, int]]:
        _, rows, columns, _ = self.tensors[x].shape
        padding = same_padding((rows, columns), (kernel, kernel), (stride, stride))
        window = Window((kernel, kernel), (stride, stride), padding)
        return window, output_size((rows, columns), window)

    def conv(
        self, x: str, name: str, channels: int, kernel: int, stride: int, *, linear: bool = False
    ) -> str:
        window, size = self._window(x, kernel, stride)
        in_channels = self.tensors[x].shape[-1]
        self.add_constants(name, (channels, kernel, kernel, in_channels), channels)
        attributes = Conv2D(window, Activation.NONE if linear else self.activation)
        inputs = (x, f"{name}.weight", f"{name}.bias")
        return self.op(name, attributes, inputs, (1, *size, channels))

    def depthwise(self, x: str, name: str, kernel: int, stride: int, *, linear: bool) -> str:
        window, size = self._window(x, kernel, stride)
        channels = self.tensors[x].shape[-1]
        self.add_constants(name, (1, kernel, kernel, channels), channels)
        activation = Activation.NONE if linear else self.activation
        attributes = DepthwiseConv2D(window, activation=activation)
        inputs = (x, f"{name}.weight", f"{name}.bias")
        return self.op(name, attributes, inputs, (1, *size, channels))

    def block(self, x: str, name: str, block: BlockShape) -> str:
        y = x
        if block.has_expansion:
            y = self.conv(y, f"{name}.expand", block.expanded, 1, 1)
        linear = block.depthwise_is_linear
        y = self.depthwise(y, f"{name}.depthwise", block.kernel, block.stride, linear=linear)
        y = self.conv(y, f"{name}.project", block.out_channels, 1, 1, linear=True)
        if block.residual:
            y = self.op(f"{name}.add", Add(), (x, y), self.tensors[y].shape)
        return y
