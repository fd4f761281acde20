"""A network of one fixed shape, in float: what the search evaluates and fine-tuning improves."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tinynas.graph.ir import Activation
from tinynas.spaces.network import BlockShape, NetworkShape
from tinynas.supernet.folded import FloatArray, FoldedNetwork
from tinynas.supernet.layers import ConvNorm, channels_last, weights_channels_last


class Block(nn.Module):
    """Inverted bottleneck (MobileNetV2, arXiv:1801.04381): expand, depthwise, linear project."""

    def __init__(self, shape: BlockShape, activation: Activation) -> None:
        super().__init__()
        self.residual = shape.residual
        self.expand: ConvNorm | None = None
        if shape.has_expansion:
            self.expand = ConvNorm(shape.in_channels, shape.expanded, 1, 1, activation)
        self.depthwise = ConvNorm(
            shape.expanded,
            shape.expanded,
            shape.kernel,
            shape.stride,
            activation,
            depthwise=True,
            linear=shape.depthwise_is_linear,
        )
        self.project = ConvNorm(shape.expanded, shape.out_channels, 1, 1, Activation.NONE)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y

    def layers(self) -> dict[str, ConvNorm]:
        """The convolutions by the last part of their tensor's name, in order."""
        expand = {} if self.expand is None else {"expand": self.expand}
        return {**expand, "depthwise": self.depthwise, "project": self.project}


class Subnet(nn.Module):
    """Stem, blocks, mean over height and width, classifier.

    Takes the normalised image, float [N, C, H, W] (see `normalise`), gives logits [N, classes].
    """

    def __init__(self, network: NetworkShape) -> None:
        super().__init__()
        self.network = network
        stem = network.stem
        self.stem = ConvNorm(
            stem.in_channels, stem.out_channels, stem.kernel, stem.stride, network.activation
        )
        self.blocks = nn.ModuleList(Block(shape, network.activation) for shape in network.blocks)
        self.classifier = nn.Linear(network.feature_channels, network.classes)
        weights_channels_last(self)

    def forward(self, x: Tensor) -> Tensor:
        x = channels_last(self.stem(x))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.classifier(x.mean(dim=(2, 3)))
        return logits

    @property
    def static_blocks(self) -> list[Block]:
        return [cast(Block, block) for block in self.blocks]

    def layers(self) -> dict[str, ConvNorm]:
        """Every convolution by the name of the tensor it writes (`tinynas.spaces.skeleton`)."""
        layers = {"stem": self.stem}
        for i, block in enumerate(self.static_blocks):
            layers |= {f"b{i}.{name}": layer for name, layer in block.layers().items()}
        return layers

    def folded(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """(weight, bias) float32 by the name of the tensor that the op writes, batch norm folded.

        Weights are in the graph's layouts: OHWI, depthwise 1HWC, `logits` OI.  The network means
        what it means in `eval` mode.
        """
        weights: dict[str, tuple[FloatArray, FloatArray]] = {}
        for name, layer in self.layers().items():
            weight, bias = layer.folded()
            order = (1, 2, 3, 0) if layer.groups > 1 else (0, 2, 3, 1)
            weights[name] = (_float32(weight.permute(order)), _float32(bias))
        classifier = self.classifier
        weights["logits"] = (_float32(classifier.weight), _float32(classifier.bias))
        return weights

    def inference(self, device: torch.device) -> FoldedNetwork:
        """Itself in `eval` mode, batch norm folded: twice as fast."""
        return FoldedNetwork(self.network, self.folded(), device=device)

    def activations(self, images: NDArray[np.uint8]) -> dict[str, Tensor]:
        """Every tensor of the folded network for uint8 images [N, H, W, C], in order.

        NHWC floats after the activation function; `pool` is [N, channels], `logits` is
        [N, classes], `input` the normalised images.
        """
        tensors = FoldedNetwork(self.network, self.folded()).tensors(images)
        return {name: t.permute(0, 2, 3, 1) if t.dim() == 4 else t for name, t in tensors}


def _float32(tensor: Tensor) -> FloatArray:
    array = tensor.detach().to(torch.float32).contiguous().cpu().numpy()
    return np.array(array, copy=True)
