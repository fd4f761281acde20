"""The plain files that steps hand to each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def save_weights(weights: dict[str, Tensor], path: Path) -> None:
    """A state dict, loadable with `weights_only`."""
    torch.save(weights, path)


def load_weights(module: nn.Module, path: Path) -> None:
    module.load_state_dict(torch.load(path, weights_only=True))
