"""The exponential moving average of the weights: steadier than the last step's (Polyak and
Juditsky, 1992), and better where the learning rate is still high."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightAverage:
    """Of a module's parameters, with `decay` a step.

    Early on the mean is over what there is: the decay is (1 + steps) / (10 + steps) until that is
    more.  Batch norm's statistics are not averaged: they are measured anew afterwards.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._steps = 0
        self._means = {name: p.detach().clone() for name, p in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """After an optimiser step."""
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        self._steps += 1
        for name, p in module.named_parameters():
            self._means[name].lerp_(p, 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Put the means in the place of the weights."""
        for name, p in module.named_parameters():
            p.copy_(self._means[name])

    def state(self) -> dict[str, int | dict[str, Tensor]]:
        """For a checkpoint."""
        return {"steps": self._steps, "means": self._means}

    def load(self, state: dict[str, int | dict[str, Tensor]]) -> None:
        """What `state` gave."""
        steps, means = state["steps"], state["means"]
        assert isinstance(steps, int)  # noqa: S101
        assert isinstance(means, dict)  # noqa: S101
        self._steps = steps
        for name, value in means.items():
            self._means[name].copy_(value)
