"""Depthwise convolution of maps that are smaller than the kernel, with a fast gradient on CPUs.

There oneDNN has no kernel for the gradient of the weights and falls back to a loop: 60 ms where the
forward pass takes one.  Yet such a map has so few pixels that the product of each with each is one
small matrix a channel, and the gradient of a tap the sum of a diagonal of it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class SmallMapDepthwise(torch.autograd.Function):
    """(x [N, C, H, W], weight [C, 1, K, K], K odd) -> [N, C, H, W], stride 1, SAME padding."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        channels, _, kernel, _ = weight.shape
        return functional.conv2d(x, weight, None, 1, kernel // 2, 1, channels)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        of_input, of_weight = ctx.needs_input_grad
        channels, _, kernel, _ = weight.shape
        margin = kernel // 2
        given, _, _ = torch.ops.aten.convolution_backward(
            *(gradient, x, weight, None, [1, 1], [margin, margin], [1, 1]),
            *(False, [0, 0], channels, [of_input, False, False]),
        )
        return given, _weight_gradient(x, gradient, kernel) if of_weight else None


def _weight_gradient(x: Tensor, gradient: Tensor, kernel: int) -> Tensor:
    """[C, 1, K, K]: for each tap the sum over the images and the output pixels that it serves."""
    images, channels, rows, columns = x.shape
    pixels, margin = rows * columns, kernel // 2
    inputs = x.permute(1, 0, 2, 3).reshape(channels, images, pixels)
    outputs = gradient.permute(1, 2, 3, 0).reshape(channels, pixels, images)
    products = torch.bmm(outputs, inputs).view(channels, rows, columns, rows, columns)
    padded = functional.pad(products, (margin, margin, margin, margin))
    height, width = padded.shape[-2:]
    # Tap (i, j) of output (r, c) meets padded input (r + i, c + j).
    of_output = (columns * height * width + width, height * width + 1)
    taps = padded.as_strided(
        (channels, kernel, kernel, rows, columns), (padded.stride(0), width, 1, *of_output)
    )
    return taps.sum((3, 4))[:, None]
