"""Networks that are no point of a search space: any graph of the operators that are trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from tinynas.graph.ir import (
    Activation,
    Add,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    MaxPool2D,
    Mean,
    Op,
    Tensor,
    Window,
    output_size,
    same_padding,
)


@dataclass(frozen=True)
class DrawnNetwork:
    """A skeleton with one image in and logits out; what `Drawing.network` makes."""

    graph: Graph

    @property
    def resolution(self) -> int:
        return self.graph.tensors[self.graph.inputs[0]].shape[1]

    @property
    def input_channels(self) -> int:
        return self.graph.tensors[self.graph.inputs[0]].shape[3]

    @property
    def classes(self) -> int:
        return self.graph.tensors[self.graph.outputs[0]].shape[1]


@dataclass
class Drawing:
    """A network drawn operator by operator; every method returns the name of what it adds.

    Convolutions and pools are square and padded as SAME; ops are named by their number.
    """

    resolution: int
    input_channels: int
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = self.resolution
        self.tensors["input"] = Tensor("input", (1, size, size, self.input_channels))

    def channels(self, x: str) -> int:
        return self.tensors[x].shape[-1]

    def conv(
        self,
        x: str,
        channels: int,
        kernel: int = 1,
        stride: int = 1,
        activation: Activation = Activation.RELU6,
    ) -> str:
        window, size = self._window(x, kernel, stride)
        weight = (channels, kernel, kernel, self.channels(x))
        shape = (1, *size, channels)
        return self._weighted(Conv2D(window, activation), x, shape, weight, channels)

    def depthwise(
        self, x: str, kernel: int, stride: int = 1, activation: Activation = Activation.RELU6
    ) -> str:
        window, size = self._window(x, kernel, stride)
        channels = self.channels(x)
        attributes = DepthwiseConv2D(window, activation=activation)
        weight = (1, kernel, kernel, channels)
        return self._weighted(attributes, x, (1, *size, channels), weight, channels)

    def add(self, x: str, y: str, activation: Activation = Activation.NONE) -> str:
        return self._op(Add(activation), (x, y), self.tensors[x].shape)

    def concat(self, *parts: str) -> str:
        shape = self.tensors[parts[0]].shape
        channels = sum(self.channels(p) for p in parts)
        return self._op(Concat(3), parts, (*shape[:3], channels))

    def max_pool(self, x: str, kernel: int, stride: int) -> str:
        window, size = self._window(x, kernel, stride)
        return self._op(MaxPool2D(window), (x,), (1, *size, self.channels(x)))

    def mean(self, x: str) -> str:
        return self._op(Mean(), (x,), (1, self.channels(x)))

    def dense(self, x: str, channels: int) -> str:
        weight = (channels, self.channels(x))
        return self._weighted(FullyConnected(), x, (1, channels), weight, channels)

    def network(self, output: str, name: str = "network") -> DrawnNetwork:
        return DrawnNetwork(Graph(name, self.tensors, tuple(self.ops), ("input",), (output,)))

    def size(self, x: str) -> int:
        """Rows of a tensor."""
        return self.tensors[x].shape[1]

    def _window(self, x: str, kernel: int, stride: int) -> tuple[Window, tuple[int, int]]:
        _, rows, columns, _ = self.tensors[x].shape
        padding = same_padding((rows, columns), (kernel, kernel), (stride, stride))
        window = Window((kernel, kernel), (stride, stride), padding)
        return window, output_size((rows, columns), window)

    def _weighted(
        self,
        attributes: Conv2D | DepthwiseConv2D | FullyConnected,
        x: str,
        shape: tuple[int, ...],
        weight: tuple[int, ...],
        channels: int,
    ) -> str:
        name = f"t{len(self.ops)}"
        for part, size, dtype in (
            ("weight", weight, DType.INT8),
            ("bias", (channels,), DType.INT32),
        ):
            full = f"{name}.{part}"
            self.tensors[full] = Tensor(full, size, dtype, constant=True)
        return self._op(attributes, (x, f"{name}.weight", f"{name}.bias"), shape)

    def _op(
        self,
        attributes: Conv2D | DepthwiseConv2D | FullyConnected | Add | Concat | MaxPool2D | Mean,
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
    ) -> str:
        name = f"t{len(self.ops)}"
        self.tensors[name] = Tensor(name, shape)
        self.ops.append(Op(name, attributes, inputs, (name,)))
        return name
