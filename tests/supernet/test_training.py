"""Training: it learns, repeats itself exactly, resumes exactly, and stops where it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tinynas.data import Augmentation, Dataset, Split
from tinynas.errors import CancelledError, InvalidInputError, TinynasError
from tinynas.progress import Event, Reporter
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import (
    Supernet,
    Training,
    TrainingPlan,
    accuracy,
    recalibrate,
    torch_threads,
    train_supernet,
    weights_hash,
)

PLAN = TrainingPlan(images=96, batch_size=16, threads=1, seed=7)


def bars(count: int = 96, resolution: int = 16) -> Dataset:
    """Noisy horizontal and vertical bars, learnt within a few steps."""
    rng = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.int64) % 2
    images = rng.integers(0, 60, (count, resolution, resolution, 1), dtype=np.uint8)
    for image, label, place in zip(images, labels, rng.integers(4, 11, count), strict=True):
        view = image if label else image.transpose(1, 0, 2)
        view[place : place + 2] += 180
    train, validation, test = (Split(images[i::3], labels[i::3]) for i in range(3))
    flips = Augmentation(flip=True)
    return Dataset("bars", ("down", "across"), train, validation, test, augmentation=flips)


def supernet() -> Supernet:
    return Supernet(Subspace(load_space("tiny"), 0.25, 16), 2, 1, seed=1)


def trained(
    plan: TrainingPlan = PLAN,
    *,
    checkpoint: Path | None = None,
    listener: Callable[[Event], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    net = supernet()
    reporter = Reporter("supernet", listener, cancelled)
    train_supernet(net, bars(), plan, checkpoint=checkpoint, reporter=reporter)
    return weights_hash(net)


def cancel_after(steps: int) -> Callable[[], bool]:
    calls = iter(range(1000))
    return lambda: next(calls) >= steps


def test_it_learns() -> None:
    net, dataset = supernet(), bars()
    train_supernet(net, dataset, TrainingPlan(images=800, batch_size=16, threads=1))
    for architecture in (net.subspace.space.largest, net.subspace.space.smallest):
        subnet = net.subnet(architecture)
        recalibrate(subnet, dataset.calibration_images())
        assert accuracy(subnet, dataset.test) > 0.9


def test_the_same_plan_gives_the_same_weights() -> None:
    assert trained() == trained()
    assert trained(TrainingPlan(images=96, batch_size=16, threads=1, seed=8)) != trained()


def test_resuming_is_exact(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    for steps in (2, 1, 2):
        with pytest.raises(CancelledError):
            trained(checkpoint=checkpoint, cancelled=cancel_after(steps))
    assert trained(checkpoint=checkpoint) == trained()
    assert [p.name for p in checkpoint.parent.iterdir()] == ["checkpoint.pt"]


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    weights = trained(checkpoint=checkpoint)
    events: list[Event] = []
    assert trained(checkpoint=checkpoint, listener=events.append) == weights
    assert events == []


def test_a_checkpoint_of_another_training_is_not_continued(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    trained(checkpoint=checkpoint)
    events: list[Event] = []
    other = TrainingPlan(images=96, batch_size=16, threads=1, seed=7, learning_rate=1e-3)
    assert trained(other, checkpoint=checkpoint, listener=events.append) == trained(other)
    assert "another training" in events[0].data["message"]


def test_a_broken_checkpoint_is_named(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    checkpoint.write_bytes(b"not a checkpoint")
    with pytest.raises(TinynasError, match=r"checkpoint\.pt cannot be read"):
        trained(checkpoint=checkpoint)


def test_checkpoints_hold_tensors_and_plain_types_only(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    trained(checkpoint=checkpoint)
    state = torch.load(checkpoint, weights_only=True)
    assert state["step"] == PLAN.steps


def test_divergence_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    wild = TrainingPlan(
        images=960,
        batch_size=16,
        threads=1,
        learning_rate=1e30,
        warmup=0,
        clip_norm=1e30,
        checkpoint_seconds=0,
    )
    what = r"diverged: (.*loss|norm of the gradients) is .* at step \d+ of 60"
    with pytest.raises(TinynasError, match=what):
        trained(wild, checkpoint=checkpoint)
    weights = torch.load(checkpoint, weights_only=True)["module"]
    assert all(bool(value.isfinite().all()) for value in weights.values())


def test_gradients_that_are_no_numbers_never_reach_the_weights(tmp_path: Path) -> None:
    module = nn.Linear(1, 1)
    before = module.weight.detach().clone()

    def backward(images: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        module.weight.grad = torch.full_like(module.weight, float("inf"))
        return {"loss": 0.5}

    training = Training("net", module, backward, bars(), PLAN, None, None, Reporter())
    with pytest.raises(TinynasError, match="norm of the gradients is inf at step 0") as raised:
        training.run()
    assert raised.value.details["step"] == 0
    assert torch.equal(module.weight, before)


def test_curves_are_told() -> None:
    events: list[Event] = []
    trained(listener=events.append)
    metrics = [event.data for event in events if event.kind == "metric"]
    assert {m["name"] for m in metrics} == {"supernet"}
    keys = {key for m in metrics for key in m["values"]}
    for network in ("largest", "smallest", "sampled"):
        assert {f"{network}_loss", f"{network}_accuracy"} <= keys
    assert {"largest_validation_accuracy", "smallest_validation_accuracy"} <= keys
    ats = [m["at"] for m in metrics]
    assert ats == sorted(ats)
    progress = [event.data for event in events if event.kind == "progress"]
    assert progress[-1] == {"done": 96, "total": 96, "unit": "images"}


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    plan = TrainingPlan(images=1000, batch_size=10, learning_rate=1.0, warmup=0.2)
    rates = [plan.learning_rate_at(step) for step in range(plan.steps)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == rates[19] == 1.0
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] < 0.001


@pytest.mark.parametrize(
    ("field", "value"),
    [("images", 0), ("batch_size", 1), ("warmup", 1.5), ("learning_rate", float("nan"))],
)
def test_impossible_plans_are_refused(field: str, value: float) -> None:
    with pytest.raises(InvalidInputError) as error:
        replace(PLAN, **{field: value})  # type: ignore[arg-type]
    assert error.value.field == field


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert TrainingPlan(images=1).threads == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert 1 <= TrainingPlan(images=1).threads <= 4
    monkeypatch.delenv("OMP_NUM_THREADS")
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
