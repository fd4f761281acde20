"""Depthwise convolution of maps that are smaller than the kernel."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tinynas.supernet.layers import convolve
from tinynas.supernet.small_maps import SmallMapDepthwise

CASES = [(2, 2, 3), (1, 1, 3), (4, 4, 5), (4, 4, 7), (3, 6, 7), (6, 5, 7)]
"""Rows, columns, kernel."""


@pytest.mark.parametrize(("rows", "columns", "kernel"), CASES)
class TestSmallMapDepthwise:
    def test_it_is_the_convolution_and_has_its_gradients(
        self, rows: int, columns: int, kernel: int
    ) -> None:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(3, 5, rows, columns, dtype=torch.float64, generator=generator)
        x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
        weight = torch.randn(5, 1, kernel, kernel, dtype=torch.float64, generator=generator)
        weight.requires_grad_()
        arriving = torch.randn(x.shape, dtype=torch.float64, generator=generator)

        expected = functional.conv2d(x, weight, None, 1, kernel // 2, 1, 5)
        gradients = torch.autograd.grad(expected, (x, weight), arriving)
        found = SmallMapDepthwise.apply(x, weight)
        of_x, of_weight = torch.autograd.grad(found, (x, weight), arriving)

        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(of_x, gradients[0])
        torch.testing.assert_close(of_weight, gradients[1])

    def test_only_the_weights_may_be_trained(self, rows: int, columns: int, kernel: int) -> None:
        x = torch.randn(2, 4, rows, columns)
        weight = torch.randn(4, 1, kernel, kernel, requires_grad=True)
        SmallMapDepthwise.apply(x, weight).sum().backward()
        assert weight.grad is not None
        assert weight.grad.shape == weight.shape


def _small(y: torch.Tensor) -> bool:
    return type(y.grad_fn).__name__ == "SmallMapDepthwiseBackward"


def test_convolutions_take_it_where_the_kernel_is_larger_than_the_map() -> None:
    weight = torch.randn(4, 1, 5, 5, requires_grad=True)
    assert _small(convolve(torch.randn(2, 4, 4, 4), weight, stride=1, groups=4))
    assert not _small(convolve(torch.randn(2, 4, 5, 5), weight, stride=1, groups=4))
    assert not _small(convolve(torch.randn(2, 4, 4, 4), weight, stride=2, groups=4))
    dense = torch.randn(4, 4, 5, 5, requires_grad=True)
    assert not _small(convolve(torch.randn(2, 4, 4, 4), dense, stride=1))
