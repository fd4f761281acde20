"""The supernet: one set of weights for every architecture of a subspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from tinynas.spaces import Architecture, BlockShape, NetworkShape, Subspace, network_of
from tinynas.supernet.elastic import ElasticBlock, ElasticConvNorm
from tinynas.supernet.layers import channels_last, weights_channels_last
from tinynas.supernet.subnet import Subnet


class Supernet(nn.Module):
    """Elastic depth, kernel, expansion and, where the space has it, width, with shared weights.

    Stem and first block are the same in every architecture of a subspace (`trunk`); the searched
    blocks are addressed by (stage, index), so a shallower stage uses its first blocks.  `seed`
    decides the initial weights.  With `kernel_transform` smaller kernels are learnt linear maps of
    the centres of larger ones, otherwise the centres themselves.
    """

    def __init__(
        self,
        subspace: Subspace,
        classes: int,
        input_channels: int,
        *,
        seed: int = 0,
        kernel_transform: bool = False,
    ) -> None:
        super().__init__()
        self.subspace, self.classes, self.input_channels = subspace, classes, input_channels
        self.activation = subspace.space.activation
        widest = widest_network(subspace, classes=classes, input_channels=input_channels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.stem = ElasticConvNorm(
                input_channels, widest.stem.out_channels, widest.stem.kernel
            )
            self.blocks = nn.ModuleDict(
                {
                    _key(shape): ElasticBlock(
                        shape, self.activation, kernels=self._kernels(shape, kernel_transform)
                    )
                    for shape in widest.blocks
                }
            )
            self.classifier = nn.Linear(widest.feature_channels, classes)
        weights_channels_last(self)

    def _kernels(self, shape: BlockShape, transformed: bool) -> tuple[int, ...]:
        """The kernel sizes that a block's depthwise convolution is transformed to."""
        if not transformed or shape.stage < 0:
            return ()
        return self.subspace.space.stages[shape.stage].kernels

    @property
    def elastic_blocks(self) -> list[ElasticBlock]:
        """All of them, in order."""
        return [cast(ElasticBlock, block) for block in self.blocks.values()]

    def network(self, architecture: Architecture) -> NetworkShape:
        return network_of(
            self.subspace,
            architecture,
            classes=self.classes,
            input_channels=self.input_channels,
        )

    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        """Logits [N, classes] of one architecture for normalised images [N, C, H, W].

        Batch norm uses the statistics of `x`, as a subnet does in `train` mode.
        """
        network = self.network(architecture)
        return self.head(self.trunk(x, network), network)

    def trunk(self, x: Tensor, network: NetworkShape) -> Tensor:
        """Stem and first block, which all architectures share."""
        stem = network.stem
        y = self.stem(x, stem.out_channels, stem.kernel, stem.stride, self.activation)
        first = network.blocks[0]
        features: Tensor = self._block(first)(channels_last(y), first)
        return features

    def head(self, features: Tensor, network: NetworkShape) -> Tensor:
        """The searched blocks and the classifier on what `trunk` gave."""
        x = features
        for shape in network.blocks[1:]:
            x = self._block(shape)(x, shape)
        pool = x.mean(dim=(2, 3))
        weight = self.classifier.weight[:, : network.feature_channels]
        return nn.functional.linear(pool, weight, self.classifier.bias)

    @torch.no_grad()
    def subnet(self, architecture: Architecture) -> Subnet:
        """A network of its own with a copy of the weights; `recalibrate` it before use."""
        subnet = Subnet(self.network(architecture))
        self.stem.copy_to(subnet.stem)
        for shape, block in zip(subnet.network.blocks, subnet.static_blocks, strict=True):
            self._block(shape).copy_to(block)
        width = subnet.network.feature_channels
        subnet.classifier.weight.copy_(self.classifier.weight[:, :width])
        subnet.classifier.bias.copy_(self.classifier.bias)
        return subnet

    def _block(self, shape: BlockShape) -> ElasticBlock:
        return cast(ElasticBlock, self.blocks[_key(shape)])

    def sample(self, count: int, rng: np.random.Generator) -> Iterator[Architecture]:
        """Random architectures, every gene uniform."""
        space = self.subspace.space
        yield from Architecture.of_rows(space, space.sample(count, rng))


def _key(shape: BlockShape) -> str:
    return "first" if shape.stage < 0 else f"stage{shape.stage}_block{shape.index}"


def widest_network(subspace: Subspace, *, classes: int, input_channels: int) -> NetworkShape:
    """The shapes that hold every architecture of the subspace.

    It is the largest architecture's network: all choices are monotone in channels and kernel.
    """
    return network_of(
        subspace, subspace.space.largest, classes=classes, input_channels=input_channels
    )
