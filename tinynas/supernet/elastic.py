"""Layers that hold the weights of the largest choice and run any smaller one.

A smaller layer uses the first channels and the centre of the kernels, as it is or through a learnt
linear map (Once-for-all, arXiv:1908.09791, section 3.3).  Batch norm always normalises by the
statistics of the batch: running ones would mix those of many networks, so they belong to subnets.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tinynas.graph.ir import Activation
from tinynas.spaces.network import BlockShape
from tinynas.supernet.layers import EPSILON, ConvNorm, activate_, centre, convolve
from tinynas.supernet.subnet import Block


class ElasticConvNorm(nn.Module):
    """`ConvNorm` with the most channels and the largest kernel, sliced at each use."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        depthwise: bool = False,
        linear: bool = False,
        kernels: tuple[int, ...] = (),
    ) -> None:
        """With `kernels`, each that is smaller than the one before it in size is that one's centre
        times a matrix [k * k, k * k], the same for all channels, at first the identity."""
        super().__init__()
        self.depthwise, self.linear = depthwise, linear
        fan_in = 1 if depthwise else in_channels
        self.weight = nn.Parameter(torch.empty(out_channels, fan_in, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        if not linear:
            self.scale = nn.Parameter(torch.ones(out_channels))
            self.shift = nn.Parameter(torch.zeros(out_channels))
        self.transforms = nn.ParameterDict(
            {str(k): nn.Parameter(torch.eye(k * k)) for k in sorted(kernels) if k < kernel}
        )

    def sliced(self, in_channels: int, out_channels: int, kernel: int) -> Tensor:
        """The weight [O, I, k, k] of the choice; a view, unless it is transformed."""
        fan_in = 1 if self.depthwise else in_channels
        weight = self.weight[:out_channels, :fan_in]
        for size in sorted((int(k) for k in self.transforms), reverse=True):
            if size >= kernel:
                flat = centre(weight, size).reshape(out_channels, fan_in, size * size)
                weight = (flat @ self.transforms[str(size)]).view(out_channels, fan_in, size, size)
        return centre(weight, kernel)

    def forward(
        self, x: Tensor, out_channels: int, kernel: int, stride: int, activation: Activation
    ) -> Tensor:
        weight = self.sliced(x.shape[1], out_channels, kernel)
        groups = out_channels if self.depthwise else 1
        y = convolve(x, weight, stride=stride, groups=groups)
        if self.linear:
            return y
        scale, shift = self.scale[:out_channels], self.shift[:out_channels]
        y = functional.batch_norm(y, None, None, scale, shift, training=True, eps=EPSILON)
        return activate_(y, activation)

    @torch.no_grad()
    def copy_to(self, layer: ConvNorm) -> None:
        """Fill a static layer with the part of the weights that it uses."""
        out_channels, fan_in, kernel, _ = layer.weight.shape
        layer.weight.copy_(self.sliced(fan_in, out_channels, kernel))
        if layer.norm is not None:
            layer.norm.weight.copy_(self.scale[:out_channels])
            layer.norm.bias.copy_(self.shift[:out_channels])


class ElasticBlock(nn.Module):
    """The weights of one block position; `widest` has the most channels and the largest kernel."""

    def __init__(
        self, widest: BlockShape, activation: Activation, *, kernels: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        self.activation = activation
        self.expand: ElasticConvNorm | None = None
        if widest.has_expansion:
            self.expand = ElasticConvNorm(widest.in_channels, widest.expanded, 1)
        self.depthwise = ElasticConvNorm(
            widest.expanded,
            widest.expanded,
            widest.kernel,
            depthwise=True,
            linear=widest.depthwise_is_linear,
            kernels=kernels,
        )
        self.project = ElasticConvNorm(widest.expanded, widest.out_channels, 1)

    def forward(self, x: Tensor, shape: BlockShape) -> Tensor:
        y: Tensor = x
        if self.expand is not None:
            y = self.expand(y, shape.expanded, 1, 1, self.activation)
        y = self.depthwise(y, shape.expanded, shape.kernel, shape.stride, self.activation)
        y = self.project(y, shape.out_channels, 1, 1, Activation.NONE)
        return x + y if shape.residual else y

    def copy_to(self, block: Block) -> None:
        """Fill a static block of a choice of this position."""
        for name, layer in block.layers().items():
            elastic = getattr(self, name)
            elastic.copy_to(layer)
