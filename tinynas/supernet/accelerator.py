"""Where networks are trained: a GPU if there is one, else the processor."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import nn


def training_device() -> torch.device:
    """`TINYNAS_DEVICE` (`cpu`, `cuda`, `cuda:1`) if it is set, else a GPU if torch has one."""
    given = os.environ.get("TINYNAS_DEVICE")
    return torch.device(given or ("cuda" if torch.cuda.is_available() else "cpu"))


def compiled(module: nn.Module, device: torch.device) -> nn.Module:
    """A network of one fixed shape, compiled where that pays: on a GPU (on a processor the first
    step takes minutes and the later ones are slower).  Weights are shared with `module`."""
    return cast(nn.Module, torch.compile(module)) if device.type == "cuda" else module


def precision(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 where it is fast: on a GPU (on processors it is two to three times slower)."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()
