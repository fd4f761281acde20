"""Two workers on one network: alike, repeatable, resumable, and none left when one dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from tinynas.errors import TinynasError
from tinynas.supernet.group import average_gradients, part, rank, run_workers, workers

pytestmark = pytest.mark.slow


def average(folder: str) -> None:
    """Each worker has its own gradient, flag and part of a batch."""
    module = nn.Linear(2, 1, bias=False)
    module.extra = nn.Parameter(torch.zeros(1))  # type: ignore[assignment]
    module.weight.grad = torch.full((1, 2), 1.0 + rank())
    stopped = average_gradients(module, flag=rank() == 1)
    found = (workers(), module.weight.grad.tolist(), stopped, part(torch.arange(5)).tolist())
    assert module.extra.grad is not None
    Path(folder, str(rank())).write_text(repr(found))


def train(folder: str, kill_after: int) -> None:
    """A short supernet training; worker 1 may be killed in its midst."""
    from test_training import bars, supernet

    from tinynas.progress import Event, Reporter
    from tinynas.supernet import TrainingPlan, train_supernet, weights_hash

    def listen(event: Event) -> None:
        done = event.data.get("done", 0)
        if kill_after and rank() == 1 and event.kind == "progress" and done >= kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    net = supernet()
    plan = TrainingPlan(images=96, batch_size=16, threads=1, seed=7, checkpoint_seconds=0)
    checkpoint = Path(folder, "checkpoint.pt")
    reporter = Reporter("supernet", listen)
    train_supernet(net, bars(), plan, checkpoint=checkpoint, reporter=reporter)
    Path(folder, f"hash-{rank()}").write_text(weights_hash(net))


def fail(folder: str) -> None:
    if rank() == 1:
        raise ValueError("worker one says no")
    average_gradients(nn.Linear(1, 1))  # waits for the other for ever


def test_gradients_are_averaged_and_stops_are_shared(tmp_path: Path) -> None:
    run_workers(2, average, str(tmp_path))
    found = [(tmp_path / str(i)).read_text() for i in range(2)]
    assert found[0] == "(2, [[1.5, 1.5]], True, [0, 2, 4])"
    assert found[1] == "(2, [[1.5, 1.5]], True, [1, 3])"


def test_one_alone_needs_no_group() -> None:
    module = nn.Linear(1, 1)
    assert (rank(), workers()) == (0, 1)
    assert average_gradients(module, flag=True)
    assert module.weight.grad is None
    assert part(torch.arange(3)).tolist() == [0, 1, 2]


def test_a_killed_worker_ends_all_and_the_training_resumes_exactly(tmp_path: Path) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    for folder in (whole, resumed):
        folder.mkdir()
    run_workers(2, train, str(whole), 0)
    with pytest.raises(TinynasError, match="worker 1 of 2 ended: by SIGKILL"):
        run_workers(2, train, str(resumed), 48)
    assert not list(resumed.glob("hash-*"))
    run_workers(2, train, str(resumed), 0)
    hashes = {p.read_text() for folder in (whole, resumed) for p in folder.glob("hash-*")}
    assert len(hashes) == 1


def test_a_failing_worker_is_named(tmp_path: Path) -> None:
    with pytest.raises(TinynasError, match="worker 1 of 2 ended: ValueError: worker one says no"):
        run_workers(2, fail, str(tmp_path))
