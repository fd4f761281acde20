"""Channels in the order of their importance, so that a smaller expansion keeps the best of them
(once-for-all, arXiv:1908.09791, section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from tinynas.supernet.elastic import ElasticBlock, ElasticConvNorm
from tinynas.supernet.supernet import Supernet


@torch.no_grad()
def sort_channels(supernet: Supernet) -> None:
    """Reorder the expanded channels of every block, most important first; in place.

    A channel is as important as the weights that read it are large (their L1 norm).  What the
    largest architecture computes does not change.
    """
    for block in supernet.elastic_blocks:
        if block.expand is not None:
            order = torch.argsort(_importance(block), descending=True, stable=True)
            _reorder(block, order)


def _importance(block: ElasticBlock) -> Tensor:
    """[expanded]"""
    return block.project.weight.abs().sum(dim=(0, 2, 3))


def _reorder(block: ElasticBlock, order: Tensor) -> None:
    for layer in (block.expand, block.depthwise):
        assert layer is not None  # noqa: S101
        _take_outputs(layer, order)
    block.project.weight.copy_(block.project.weight[:, order])


def _take_outputs(layer: ElasticConvNorm, order: Tensor) -> None:
    layer.weight.copy_(layer.weight[order])
    if not layer.linear:
        layer.scale.copy_(layer.scale[order])
        layer.shift.copy_(layer.shift[order])
