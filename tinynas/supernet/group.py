"""Several workers that train one network: the same loop, one process a worker.

Whoever starts the processes (in the service Ray Train, see `worker.training`) makes a
`torch.distributed` group; the loop asks this module who it is.  Each worker takes its part of
every batch, and gradients are averaged, so weights and optimiser stay alike in all of them.  Batch
norm looks at a worker's own part of the batch: results depend on the number of workers, and on
nothing else about them.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn


def rank() -> int:
    """This worker's number; 0 where there is one alone."""
    return distributed.get_rank() if _grouped() else 0


def workers() -> int:
    """How many train together."""
    return distributed.get_world_size() if _grouped() else 1


def _grouped() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def part(values: Tensor) -> Tensor:
    """This worker's part of a batch [N, ...]: every so many-th image."""
    return values[rank() :: workers()] if _grouped() else values


def average_gradients(module: nn.Module, flag: bool = False) -> bool:
    """Replace gradients by their mean over the workers, in one message.

    A parameter that a worker did not use counts as zero there.  Returns whether any worker raised
    its `flag`: so all of them stop at the same step.
    """
    if not _grouped():
        return flag
    used = [p for p in module.parameters() if p.requires_grad]
    for p in used:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    parts = [p.grad.reshape(-1) for p in used if p.grad is not None]
    device = parts[0].device
    message = torch.cat([*parts, torch.tensor([float(flag)], device=device)])
    distributed.all_reduce(message)
    message /= workers()
    start = 0
    for p in used:
        assert p.grad is not None  # noqa: S101
        size = p.grad.numel()
        p.grad.copy_(message[start : start + size].view_as(p.grad))
        start += size
    return bool(message[-1] > 0)
