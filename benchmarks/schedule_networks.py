"""Published networks with the channels, kernels and sizes that count for memory; random weights.

Scales come from running the half-built network (`tinynas.graph.random`), so that bytes spread over
their range and an error shows; none lets a ReLU6 reach beyond 6, as calibration lets none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import (
    Activation,
    Conv2D,
    DepthwiseConv2D,
    Graph,
    Quantisation,
    Tensor,
    Window,
)
from tinynas.graph.random import GraphBuilder, RandomGraphOptions
from tinynas.spaces import Architecture, Subspace, load_space, network_of

_SAMPLES = 4
_SIX = float(np.float32(6 / 255))


@dataclass(frozen=True)
class Block:
    """An inverted bottleneck; expanded == in_channels: without an expansion."""

    in_channels: int
    expanded: int
    out_channels: int
    kernel: int
    stride: int

    @property
    def residual(self) -> bool:
        return self.stride == 1 and self.in_channels == self.out_channels


@dataclass(frozen=True)
class Network:
    """A stem of 3 x 3 and stride 2, blocks, a last pointwise layer (`mix`, 0: none), a classifier.

    `torch_padding`: k // 2 on every side, as the published networks have it; else SAME.
    """

    name: str
    resolution: int
    stem: int
    blocks: tuple[Block, ...]
    mix: int = 0
    classes: int = 1000
    torch_padding: bool = True

    def graph(self, seed: int = 0) -> Graph:
        return _Builder(self, seed).build()


class _Builder(GraphBuilder):
    def __init__(self, network: Network, seed: int) -> None:
        rng = np.random.default_rng(seed)
        super().__init__(rng, RandomGraphOptions(min_size=1, max_size=1))
        self.network = network
        shape = (1, network.resolution, network.resolution, 3)
        self.tensors["input"] = Tensor("input", shape, quantisation=Quantisation((1 / 128,), 0))
        self.samples["input"] = rng.integers(-128, 128, (_SAMPLES, *shape[1:]), dtype=np.int8)

    def build(self) -> Graph:
        self.dense(self.network.stem, 3, 2, Activation.RELU6)
        for block in self.network.blocks:
            self.bottleneck(block)
        if self.network.mix:
            self.dense(self.network.mix, 1, 1, Activation.RELU6)
        self.classifier(self.network.classes)
        return self.graph(self.network.name)

    def bottleneck(self, block: Block) -> None:
        source = self.last
        if block.expanded != block.in_channels:
            self.dense(block.expanded, 1, 1, Activation.RELU6)
        window = self.padded(block.kernel, block.stride)
        shape = (1, *window.kernel, block.expanded)
        self._product(DepthwiseConv2D(window, 1, Activation.RELU6), shape, window, block.expanded)
        self.dense(block.out_channels, 1, 1, Activation.NONE)
        if block.residual:
            self.add(source)

    def dense(self, channels: int, kernel: int, stride: int, activation: Activation) -> None:
        window = self.padded(kernel, stride)
        shape = (channels, *window.kernel, self.tensors[self.last].shape[-1])
        self._product(Conv2D(window, activation), shape, window, channels)

    def padded(self, kernel: int, stride: int) -> Window:
        if not self.network.torch_padding:
            return self.window((kernel, kernel), (stride, stride), same=True)
        side = kernel // 2
        return Window((kernel, kernel), (stride, stride), (side, side, side, side))

    def activation(self) -> Activation:
        return Activation.NONE

    def _spread(self, real: NDArray[np.floating], activation: Activation) -> Quantisation:
        found = super()._spread(real, activation)
        if activation is not Activation.RELU6:
            return found
        return Quantisation((min(found.scale[0], _SIX),), -128)


def _expanded(rows: Sequence[tuple[int, int, int, int, int]]) -> tuple[Block, ...]:
    """From (in, out, expansion, stride, kernel)."""
    return tuple(Block(i, i * e, o, k, s) for i, o, e, s, k in rows)


def _mobilenet(channels: Sequence[int]) -> tuple[Block, ...]:
    """MobileNetV2's repetitions and strides."""
    rows = [(channels[0], channels[1], 1, 1, 3)]
    for out, repeats, stride in zip(
        channels[2:], (2, 3, 4, 3, 3, 1), (2, 2, 2, 1, 2, 1), strict=True
    ):
        for i in range(repeats):
            rows.append((rows[-1][1], out, 6, stride if i == 0 else 1, 3))
    return _expanded(rows)


MBV2 = Network("mbv2-w0.35", 144, 16, _mobilenet((16, 8, 8, 16, 24, 32, 56, 112)), 448)
VWW1 = Network(
    "mcunet-vww1",
    80,
    16,
    _expanded(
        [
            (16, 8, 1, 1, 3),
            (8, 16, 6, 2, 3),
            (16, 16, 3, 1, 3),
            (16, 16, 3, 1, 3),
            (16, 24, 3, 2, 7),
            (24, 24, 6, 1, 3),
            (24, 24, 5, 1, 5),
            (24, 40, 6, 2, 7),
            (40, 40, 6, 1, 7),
            (40, 48, 6, 1, 3),
            (48, 48, 4, 1, 3),
            (48, 96, 5, 2, 5),
            (96, 96, 5, 1, 3),
            (96, 96, 4, 1, 3),
            (96, 160, 3, 1, 7),
        ]
    ),
    classes=2,
)
IN3 = Network(
    "mcunet-in3",
    176,
    16,
    _expanded(
        [
            (16, 8, 1, 1, 3),
            (8, 16, 3, 2, 7),
            (16, 16, 5, 1, 3),
            (16, 16, 5, 1, 7),
            (16, 16, 4, 1, 5),
            (16, 24, 5, 2, 5),
            (24, 24, 5, 1, 5),
            (24, 24, 5, 1, 5),
            (24, 40, 5, 2, 3),
            (40, 40, 6, 1, 7),
            (40, 40, 4, 1, 5),
            (40, 48, 5, 1, 5),
            (48, 48, 5, 1, 7),
            (48, 48, 5, 1, 3),
            (48, 96, 6, 2, 3),
            (96, 96, 5, 1, 7),
            (96, 96, 4, 1, 3),
            (96, 160, 5, 1, 7),
        ]
    ),
)


def sampled(space: str, width: float, resolution: int, seed: int, classes: int) -> Network:
    """A network drawn from one of the project's own spaces."""
    loaded = load_space(space)
    row = loaded.sample(1, np.random.default_rng(seed))
    subspace = Subspace(loaded, width, resolution)
    name = f"{space}-w{width} sample {seed}"
    return of_space(name, subspace, Architecture.of_rows(loaded, row)[0], classes)


def of_space(name: str, subspace: Subspace, architecture: Architecture, classes: int) -> Network:
    """A network of one of the project's own spaces."""
    shape = network_of(subspace, architecture, classes=classes, input_channels=3)
    blocks = tuple(
        Block(b.in_channels, b.expanded, b.out_channels, b.kernel, b.stride) for b in shape.blocks
    )
    stem = shape.stem.out_channels
    return Network(name, subspace.resolution, stem, blocks, classes=classes, torch_padding=False)


NETWORKS = (
    MBV2,
    VWW1,
    IN3,
    sampled("mcunet", 0.5, 128, 0, 100),
    sampled("tiny", 1.0, 96, 1, 10),
)
