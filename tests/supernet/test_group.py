"""One worker is a group of none; what several do together is in `test_worker_training.py`."""

from __future__ import annotations

import torch
from torch import nn

from tinynas.supernet.group import average_gradients, part, rank, workers


def test_one_alone_needs_no_group() -> None:
    module = nn.Linear(1, 1)
    assert (rank(), workers()) == (0, 1)
    assert average_gradients(module, flag=True)
    assert module.weight.grad is None
    assert part(torch.arange(3)).tolist() == [0, 1, 2]
