"""Trainings for Ray's workers."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tinynas.contest import RUNGS
from tinynas.data import Dataset, Split
from tinynas.errors import TinynasError
from tinynas.progress import Event, Reporter
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import Supernet, SupernetTask, TrainingPlan, Weights
from tinynas.supernet.group import average_gradients, part, rank, workers

PLAN = TrainingPlan(images=96, batch_size=16, threads=1, seed=7, checkpoint_seconds=0)


def noise() -> Dataset:
    """Images and labels by chance: what is learnt does not matter here."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (96, 16, 16, 1), dtype=np.uint8)
    labels = rng.integers(0, 2, 96)
    train, validation, test = (Split(images[i::3], labels[i::3]) for i in range(3))
    return Dataset("noise", ("down", "across"), train, validation, test)


def supernet() -> Supernet:
    return Supernet(Subspace(load_space("tiny"), 0.25, 16), 2, 1, seed=1)


@dataclass(frozen=True)
class Watched:
    """A supernet's training that notes in `folder` what each worker saw of the others; the worker
    of number `victim` is killed when it has seen 64 images, once.  One that `waits` to be cancelled
    is slower than the news of it, on any machine."""

    folder: Path
    victim: int | None = None
    waits: bool = False

    def run(self, checkpoint: Path, reporter: Reporter) -> Weights:
        (self.folder / f"saw-{rank()}").write_text(repr(_averaged()))

        def listen(event: Event) -> None:
            reporter.listener(event)
            if event.kind == "progress" and event.data["done"] >= 64:
                self._die()
            if event.kind == "progress" and self.waits and rank() == 0:
                deadline = time.monotonic() + 60
                while not reporter.cancelled() and time.monotonic() < deadline:
                    time.sleep(0.05)

        task = SupernetTask(supernet(), noise(), PLAN)
        return task.run(checkpoint, Reporter("supernet", listen, reporter.cancelled))

    def _die(self) -> None:
        mark = self.folder / "killed"
        if rank() == self.victim and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def _averaged() -> tuple[object, ...]:
    """Each worker has its own gradient, flag and part of a batch."""
    module = nn.Linear(2, 1, bias=False)
    module.extra = nn.Parameter(torch.zeros(1))  # type: ignore[assignment]
    module.weight.grad = torch.full((1, 2), 1.0 + rank())
    stopped = average_gradients(module, flag=rank() == 1)
    assert module.extra.grad is not None
    return workers(), module.weight.grad.tolist(), stopped, part(torch.arange(5)).tolist()


@dataclass(frozen=True)
class Impossible:
    """Fails in the second worker, while the first waits for it."""

    def run(self, checkpoint: Path, reporter: Reporter) -> Weights:
        if rank() == 1:
            raise TinynasError("worker one says no", step=3)
        average_gradients(nn.Linear(1, 1))
        return {}


@dataclass(frozen=True)
class Counted:
    """Tells how many train together."""

    def run(self, checkpoint: Path, reporter: Reporter) -> Weights:
        return {"workers": torch.tensor([workers()])}


@dataclass(frozen=True)
class Climber:
    """Competes with given scores; is killed on the way to its second rung, once, where `mortal`."""

    scores: tuple[float, ...]
    mortal: bool = False

    def train(self, share: float, folder: Path, reporter: Reporter) -> float:
        reporter.progress(int(100 * share), 100, "images")
        mark = folder / "killed"
        if self.mortal and share == RUNGS[1] and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        with (folder / "trained").open("a") as file:
            file.write(f"{share} ")
        return self.scores[RUNGS.index(share)]
