"""Losses of training with hard labels and with another network's opinion."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def soft_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross entropy of `logits` [N, classes] against probabilities `target` [N, classes]."""
    return -(target * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def share_correct(logits: Tensor, labels: Tensor) -> float:
    """Share of the batch whose largest logit is the label's."""
    return float((logits.detach().argmax(dim=1) == labels).float().mean())
