"""How good a network is: recalibrated statistics, then accuracy over a split."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from tinynas.data import Split
from tinynas.supernet.accelerator import training_device
from tinynas.supernet.drawn import DrawnNet
from tinynas.supernet.layers import normalise
from tinynas.supernet.subnet import Subnet

Trainable: TypeAlias = Subnet | DrawnNet
"""A network of one shape."""
STATISTICS_BATCH = 256
"""Images that means and variances are taken over at a time."""
INFERENCE_BATCH = 128
"""Images at a time: more than the caches hold are slower, and so are fewer."""


@torch.no_grad()
def recalibrate(subnet: Trainable, images: NDArray[np.uint8]) -> None:
    """Measure batch norm's means and variances anew, over `images` [N, H, W, C]; 256 are enough.

    Shared weights come with no statistics of their own, so a subnet must pass here before it is
    judged.  Leaves the subnet in `eval` mode, on the processor.
    """
    norms = [layer.norm for layer in subnet.layers().values() if layer.norm is not None]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    device = training_device()
    subnet.to(device).train()
    for start in range(0, len(images), STATISTICS_BATCH):
        subnet(normalise(images[start : start + STATISTICS_BATCH]).to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    subnet.cpu().eval()


def logits(subnet: Trainable, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N, classes] of uint8 images [N, H, W, C], in `eval` mode whatever the mode is."""
    network = subnet.inference(training_device())
    parts = [
        network.logits(images[start : start + INFERENCE_BATCH]).numpy()
        for start in range(0, len(images), INFERENCE_BATCH)
    ]
    return np.concatenate(parts)


def accuracy(subnet: Trainable, split: Split) -> float:
    """The split's score (0 to 1) of the classes that the subnet names."""
    return split.score(logits(subnet, split.images).argmax(axis=1))
