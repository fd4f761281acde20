"""The shapes of one network: what an architecture means in a subspace, for a task.

`network_of` is the only place that turns choices into channels and sizes; the supernet, the graph
builder and the cost tables all follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation
from tinynas.spaces.model import Architecture, BlockKind, Subspace, make_divisible


@dataclass(frozen=True)
class ConvShape:
    """A dense convolution with SAME padding; sizes are rows and columns alike (pixels)."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    in_size: int

    @property
    def out_size(self) -> int:
        return -(-self.in_size // self.stride)


@dataclass(frozen=True)
class BlockShape:
    """Inverted bottleneck: 1x1 expand (not in the first block), depthwise, 1x1 project.

    `stage` is -1 for the fixed first block; `index` counts within the stage.
    """

    stage: int
    index: int
    in_channels: int
    expanded: int
    out_channels: int
    kernel: int
    stride: int
    in_size: int
    kind: BlockKind = BlockKind.MBCONV

    @property
    def out_size(self) -> int:
        return -(-self.in_size // self.stride)

    @property
    def depthwise_is_linear(self) -> bool:
        """Whether projection follows depthwise convolution without batch norm or activation."""
        return self.kind is BlockKind.FRIENDLY

    @property
    def has_expansion(self) -> bool:
        return self.stage >= 0

    @property
    def residual(self) -> bool:
        return self.stride == 1 and self.in_channels == self.out_channels


@dataclass(frozen=True)
class NetworkShape:
    """Stem, blocks, mean over height and width, fully connected classifier."""

    resolution: int
    input_channels: int
    classes: int
    activation: Activation
    stem: ConvShape
    blocks: tuple[BlockShape, ...]

    @property
    def feature_channels(self) -> int:
        return self.blocks[-1].out_channels


def network_of(
    subspace: Subspace, architecture: Architecture, *, classes: int, input_channels: int
) -> NetworkShape:
    """The network that `architecture` is in `subspace`, for `classes` and `input_channels`.

    Raises:
        InvalidInputError: the architecture is of another space, or there is no class to predict.
    """
    space = subspace.space
    if architecture.space != space:
        raise InvalidInputError(
            f"architecture of space {architecture.space.name} in a subspace of {space.name}",
            field="architecture",
            given=architecture.space.name,
            allowed=space.name,
        )
    if classes < 2 or input_channels < 1:
        raise InvalidInputError(
            f"a network needs 2 classes or more and a channel, got {classes} and {input_channels}",
            field="classes",
            given=classes,
            allowed="2 or more",
        )
    resolution = subspace.resolution_of(architecture)
    stem = ConvShape(
        input_channels,
        subspace.channels(space.stem.channels),
        space.stem.kernel,
        space.stem.stride,
        resolution,
    )
    first = space.first_block
    blocks = [
        BlockShape(
            stage=-1,
            index=0,
            in_channels=stem.out_channels,
            expanded=stem.out_channels,
            out_channels=subspace.channels(first.channels),
            kernel=first.kernel,
            stride=first.stride,
            in_size=stem.out_size,
            kind=space.block,
        )
    ]
    for s, (stage, choices) in enumerate(zip(space.stages, architecture.stages, strict=True)):
        for b, choice in enumerate(choices):
            channels = blocks[-1].out_channels
            blocks.append(
                BlockShape(
                    stage=s,
                    index=b,
                    in_channels=channels,
                    expanded=make_divisible(channels * choice.expansion, space.channel_divisor),
                    out_channels=subspace.channels(stage.channels * choice.width),
                    kernel=choice.kernel,
                    stride=stage.stride if b == 0 else 1,
                    in_size=blocks[-1].out_size,
                    kind=space.block,
                )
            )
    return NetworkShape(resolution, input_channels, classes, space.activation, stem, tuple(blocks))
