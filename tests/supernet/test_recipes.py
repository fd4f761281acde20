"""The other ways to train: progressive shrinking, sorted channels, transformed kernels, averages,
and what is said when memory runs out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training import bars, cancel_after
from torch import Tensor, nn

from tinynas.errors import CancelledError, InvalidInputError, TinynasError
from tinynas.progress import Event, Reporter
from tinynas.spaces import Architecture, Subspace, load_space
from tinynas.supernet import (
    Supernet,
    Training,
    TrainingPlan,
    accuracy,
    loop,
    normalise,
    recalibrate,
    sort_channels,
    train_supernet,
    weights_hash,
)
from tinynas.supernet.average import WeightAverage

SPACE = load_space("tiny")
PLAN = TrainingPlan(images=192, batch_size=16, threads=1, seed=7, recipe="progressive")


def supernet(**options: bool) -> Supernet:
    return Supernet(Subspace(SPACE, 0.25, 16), 2, 1, seed=1, **options)


def images(count: int = 16) -> Tensor:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 1), dtype=np.uint8)
    return normalise(pixels)


def trained(plan: TrainingPlan, **options: object) -> str:
    net = supernet()
    train_supernet(net, bars(), plan, **options)  # type: ignore[arg-type]
    return weights_hash(net)


def test_shrinking_learns_every_size() -> None:
    net, dataset = supernet(), bars()
    train_supernet(net, dataset, replace(PLAN, images=1600))
    for architecture in (SPACE.largest, SPACE.smallest):
        subnet = net.subnet(architecture)
        recalibrate(subnet, dataset.calibration_images())
        assert accuracy(subnet, dataset.test) > 0.8


def test_shrinking_opens_one_kind_after_the_other() -> None:
    events: list[Event] = []
    trained(PLAN, reporter=Reporter("supernet", events.append))
    keys = [set(e.data["values"]) for e in events if e.kind == "metric"]
    first = [i for i, k in enumerate(keys) if "largest_loss" in k]
    later = [i for i, k in enumerate(keys) if "sampled_loss" in k]
    assert first
    assert max(first) < min(later)


def test_shrinking_resumes_exactly(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    for steps in (3, 4):  # in the first phase, and in a later one
        reporter = Reporter("supernet", cancelled=cancel_after(steps))
        with pytest.raises(CancelledError):
            trained(PLAN, checkpoint=checkpoint, reporter=reporter)
    assert trained(PLAN, checkpoint=checkpoint) == trained(PLAN)


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(InvalidInputError) as error:
        replace(PLAN, recipe="osmosis")  # type: ignore[arg-type]
    assert (error.value.field, error.value.allowed) == ("recipe", ["sandwich", "progressive"])


def test_sorting_leaves_the_largest_as_it_is() -> None:
    net = supernet()
    train_supernet(net, bars(), replace(PLAN, images=64, recipe="sandwich"))
    with torch.no_grad():
        before = net(images(), SPACE.largest)
        smaller = net(images(), SPACE.smallest)
        sort_channels(net)
        torch.testing.assert_close(net(images(), SPACE.largest), before, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(net(images(), SPACE.smallest), smaller, atol=1e-3)
    for block in net.elastic_blocks:
        if block.expand is not None:
            importance = block.project.weight.abs().sum(dim=(0, 2, 3))
            assert (importance.diff() <= 1e-6).all()


def test_transforms_start_as_crops_and_learn() -> None:
    plain, transformed = supernet(), supernet(kernel_transform=True)
    transformed.load_state_dict(plain.state_dict(), strict=False)
    with torch.no_grad():
        wanted = plain(images(), SPACE.smallest)
        torch.testing.assert_close(transformed(images(), SPACE.smallest), wanted)
    train_supernet(transformed, bars(), replace(PLAN, images=128, recipe="sandwich"))
    maps = [v for n, v in transformed.named_parameters() if "transforms" in n]
    assert len(maps) == 2 * (len(transformed.elastic_blocks) - 1)
    assert any(not torch.equal(m, torch.eye(len(m))) for m in maps)


@pytest.mark.parametrize("kernels", [0, 1, 2])
def test_a_subnet_has_the_transformed_kernels(kernels: int) -> None:
    net = supernet(kernel_transform=True)
    with torch.no_grad():
        for name, value in net.named_parameters():
            if "transforms" in name:
                value.add_(0.1 * torch.randn_like(value))
    row = [kernels if g.name.endswith("kernel") else 0 for g in SPACE.genes]
    (architecture,) = Architecture.of_rows(SPACE, np.array([row]))
    with torch.no_grad():
        subnet = net.subnet(architecture).train()
        torch.testing.assert_close(subnet(images()), net(images(), architecture))


def test_the_average_follows_the_weights() -> None:
    module = nn.Linear(2, 1, bias=False)
    average = WeightAverage(module, 0.9)
    with torch.no_grad():
        expected = module.weight.clone()
        for step in range(40):
            module.weight.add_(1.0)
            average.update(module)
            decay = min(0.9, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * module.weight
        average.copy_to(module)
    torch.testing.assert_close(module.weight, expected)


def test_an_averaged_training_resumes_exactly(tmp_path: Path) -> None:
    plan = replace(PLAN, recipe="sandwich", average=0.8)
    assert trained(plan) != trained(replace(plan, average=0.0))
    checkpoint = tmp_path / "checkpoint.pt"
    reporter = Reporter("supernet", cancelled=cancel_after(5))
    with pytest.raises(CancelledError):
        trained(plan, checkpoint=checkpoint, reporter=reporter)
    assert trained(plan, checkpoint=checkpoint) == trained(plan)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
@pytest.mark.parametrize(("room", "advice"), [(5, "4 fits"), (1, "not even 2 images fit")])
def test_memory_that_runs_out_says_which_batch_fits(
    error: Exception, room: int, advice: str
) -> None:
    module = nn.Linear(1, 1)

    def backward(batch: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        if len(batch) > room:
            raise error
        return {"loss": 0.0}

    training = Training(
        name="net",
        module=module,
        backward=backward,
        dataset=bars(),
        plan=replace(PLAN, recipe="sandwich"),
        identity=None,
        checkpoint=None,
        reporter=Reporter(),
    )
    with pytest.raises(TinynasError, match=f"batch of 16 images does not fit .*; {advice}") as e:
        training.run()
    assert (e.value.details["field"], e.value.details["given"]) == ("training.batch_size", 16)
    assert e.value.details["allowed"] == ("2 to 4" if room >= 4 else "more memory")


def test_the_batch_that_fits_is_that_of_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees a half of what `batch_size` says."""
    monkeypatch.setattr(loop, "workers", lambda: 2)

    def backward(batch: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        if len(batch) > 5:
            raise MemoryError
        return {"loss": 0.0}

    training = Training(
        name="net",
        module=nn.Linear(1, 1),
        backward=backward,
        dataset=bars(),
        plan=replace(PLAN, recipe="sandwich"),
        identity=None,
        checkpoint=None,
        reporter=Reporter(),
    )
    with pytest.raises(TinynasError, match=r"a batch of 32 images does not fit .*; 8 fits") as e:
        training.run()
    assert e.value.details["allowed"] == "4 to 8"


def test_other_errors_are_not_taken_for_want_of_memory() -> None:
    def backward(batch: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        raise RuntimeError("shapes differ")

    training = Training("net", nn.Linear(1, 1), backward, bars(), PLAN, None, None, Reporter())
    with pytest.raises(RuntimeError, match="shapes differ"):
        training.run()
