"""Checkpoints: written whole or not at all, readable without executing anything."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from tinynas.errors import TinynasError


def write_atomically(state: dict[str, Any], path: Path) -> None:
    """`torch.save` of tensors and plain types; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any]:
    """What `write_atomically` wrote.

    Raises:
        TinynasError: the file is not of that kind.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise TinynasError(f"{path} cannot be read: {error}", path=str(path)) from error
    if not isinstance(state, dict):
        raise TinynasError(f"{path} holds a {type(state).__name__}, not a checkpoint")
    return state
