"""The one convolution layer that every float network here is made of.

Activations are NCHW tensors in `channels_last` memory format, which is 1.5 to 2.3 times faster
than the default on CPUs.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tinynas.graph.ir import Activation, same_padding
from tinynas.supernet.small_maps import SmallMapDepthwise

EPSILON = 1e-3
"""Batch norm's guard.  TensorFlow's larger value keeps a nearly dead channel from folding into
weights that are hundreds of times those of its neighbours and cannot be quantised."""


def normalise(images: NDArray[np.uint8]) -> Tensor:
    """uint8 [N, H, W, C] to the network's real input, float [N, C, H, W]: (u8 - 128) / 128."""
    pixels = torch.from_numpy(np.ascontiguousarray(images))
    return pixels.permute(0, 3, 1, 2).to(torch.float32).sub_(128).div_(128)


def centre(weight: Tensor, kernel: int) -> Tensor:
    """The central part of a weight [O, I, K, K], kernel x kernel or what there is, as a view."""
    margin = max(0, (weight.shape[-1] - kernel) // 2)
    end = weight.shape[-1] - margin
    return weight[:, :, margin:end, margin:end]


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int, groups: int = 1
) -> Tensor:
    """2-D convolution with TensorFlow's SAME padding, whose odd row and column go bottom right."""
    if weight.shape[-2:] == (1, 1) and stride > 1:
        # With strides oneDNN's gradient of few channels writes past its memory (oneDNN 6035).
        x, stride = x[:, :, ::stride, ::stride], 1
    rows, columns = x.shape[-2:]
    if stride == 1:  # farther taps only ever meet padding, and large kernels are slow to train
        weight = centre(weight, 2 * max(rows, columns) - 1)
    kernel = (weight.shape[-2], weight.shape[-1])
    if _smaller_than_kernel(x, weight, bias, stride, groups):
        return cast(Tensor, SmallMapDepthwise.apply(x, weight))  # type: ignore[no-untyped-call]
    top, bottom, left, right = same_padding((rows, columns), kernel, (stride, stride))
    if (top, left) != (bottom, right) and _is_inference(x, weight):
        weight, top, left = _widened(weight, bottom - top, right - left), bottom, right
    if (top, left) == (bottom, right):
        return functional.conv2d(x, weight, bias, stride, (top, left), 1, groups)
    padded = functional.pad(x, (left, right, top, bottom))
    return functional.conv2d(padded, weight, bias, stride, 0, 1, groups)


def _is_inference(x: Tensor, weight: Tensor) -> bool:
    return x.device.type == "cpu" and not (torch.is_grad_enabled() and weight.requires_grad)


def _widened(weight: Tensor, rows: int, columns: int) -> Tensor:
    """Taps of zero above and to the left, so that one padding serves both ends.

    oneDNN pads alike at both ends only, and a padded copy of the input takes longer than the
    convolution itself: without it a depthwise layer of stride 2 is two to three times as fast.
    """
    return channels_last(functional.pad(weight, (columns, 0, rows, 0)))


def _smaller_than_kernel(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, groups: int
) -> bool:
    """Whether this is what `SmallMapDepthwise` computes, and a training on a CPU gains by it."""
    kernel = weight.shape[-1]
    depthwise = groups == len(weight) == x.shape[1] and bias is None and stride == 1
    odd = kernel == weight.shape[-2] and kernel % 2 == 1
    trained = weight.requires_grad and torch.is_grad_enabled() and x.device.type == "cpu"
    return depthwise and odd and trained and kernel > min(x.shape[-2:])


def channels_last(x: Tensor) -> Tensor:
    """`x` in channels_last; needed after the stem, whose one-channel input fits both formats and
    would silently keep the whole network in the slow one."""
    return x.contiguous(memory_format=torch.channels_last)


def weights_channels_last(module: nn.Module) -> None:
    """Store the convolution weights of `module` channels_last, in place."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = channels_last(parameter.data)


def activate_(x: Tensor, activation: Activation) -> Tensor:
    """The activation function, in place."""
    match activation:
        case Activation.RELU6:
            return functional.hardtanh(x, 0.0, 6.0, inplace=True)
        case Activation.RELU:
            return functional.relu(x, inplace=True)
        case Activation.NONE:
            return x


class ConvNorm(nn.Module):
    """Convolution without bias, batch norm, activation.

    `depthwise` layers have one filter a channel and as many outputs as inputs; a `linear` layer is
    the convolution alone, without batch norm (`norm` is None) and activation.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int,
        activation: Activation,
        *,
        depthwise: bool = False,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.activation = Activation.NONE if linear else activation
        self.groups = out_channels if depthwise else 1
        fan_in = in_channels // self.groups
        self.weight = nn.Parameter(torch.empty(out_channels, fan_in, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        self.norm = None if linear else nn.BatchNorm2d(out_channels, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        y = convolve(x, self.weight, stride=self.stride, groups=self.groups)
        if self.norm is not None:
            y = self.norm(y)
        return activate_(y, self.activation)

    def folded(self) -> tuple[Tensor, Tensor]:
        """(weight OIHW, bias [O]), float64, of the convolution that batch norm disappears into."""
        norm = self.norm
        if norm is None:
            return self.weight.detach().double(), torch.zeros(len(self.weight), dtype=torch.float64)
        mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
        scale = norm.weight.detach().double() / torch.sqrt(variance.double() + norm.eps)
        weight = self.weight.detach().double() * scale[:, None, None, None]
        return weight, norm.bias.detach().double() - mean.double() * scale
