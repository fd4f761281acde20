"""What each way of quantising a network costs in accuracy.

    python -m benchmarks.quantisation --dataset cifar10 --minutes 10 [--json]

Trains one small network in float for so many minutes, quantises it in every way there is, trains
it on quantisation-aware for a quarter of the time, and counts on the whole test split by the
integer reference.  `--json` prints one object instead of the table, with the noise of every tensor
of the best post-training graph.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tinynas.data import Dataset, Split, load_dataset
from tinynas.finetune import finetune, quantisation_aware_finetune
from tinynas.graph.ir import Graph
from tinynas.progress import Event, Reporter
from tinynas.quantise import (
    Estimator,
    PostTraining,
    best_post_training,
    noise_report,
    quantise,
    quantise_network,
    real_logits,
)
from tinynas.spaces import Subspace, load_space, network_of
from tinynas.supernet import Subnet, TrainingPlan, available_threads, logits

CALIBRATION_IMAGES = 512
NOISE_IMAGES = 64
AWARE_SHARE = 0.25
"""Of the images of the float training."""
FLOAT_RATE, AWARE_RATE = 5e-3, 3e-4
TRIAL_BATCHES = 8
BATCH = 500


@dataclass(frozen=True)
class Row:
    """One way of quantising, on the test split.

    `lost_points` is against float; `agreement` the share of images with float's class; `decibels`
    the signal-to-noise ratio of the logits; `seconds` what it took to quantise.
    """

    name: str
    accuracy: float
    lost_points: float
    agreement: float
    decibels: float | None
    seconds: float


def main() -> int:
    arguments = _arguments()
    dataset = load_dataset(arguments.dataset, seed=arguments.seed).at(arguments.resolution)
    start = _network(arguments, dataset)
    plan = TrainingPlan(
        images=1, learning_rate=FLOAT_RATE, seed=arguments.seed, threads=arguments.threads
    )
    plan = replace(plan, images=_images_in(arguments.minutes, start, dataset, plan))
    reporter = Reporter("train", _progress)
    subnet = finetune(start, None, dataset, plan, reporter=reporter)
    reference = logits(subnet, dataset.test.images)
    rows = [_row("float", reference, reference, dataset.test, 0.0)]
    images = dataset.calibration_images(CALIBRATION_IMAGES, seed=plan.seed)
    best = best_post_training(subnet, images)
    for name, make in _ways(subnet, images, best, dataset, plan):
        started = time.monotonic()
        graph = make()
        seconds = time.monotonic() - started
        got = np.concatenate([real_logits(graph, x) for x in _batches(dataset.test.images)])
        rows.append(_row(name, got, reference, dataset.test, seconds))
        print(rows[-1], file=sys.stderr)
    result = {
        "dataset": dataset.name,
        "resolution": arguments.resolution,
        "space": arguments.space,
        "width": arguments.width,
        "train_images": plan.images,
        "test_images": len(dataset.test),
        "rows": [asdict(row) for row in rows],
        "best": best.to_json(),
        "layers": [
            entry.to_json()
            for entry in noise_report(
                best.network, quantise_network(best.calibrated), images[:NOISE_IMAGES]
            )
        ],
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        _show(rows)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training in float")
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--width", type=float, default=0.75)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=available_threads())
    parser.add_argument("--json", action="store_true", help="one object instead of the table")
    return parser.parse_args()


def _network(arguments: argparse.Namespace, dataset: Dataset) -> Subnet:
    """The largest network of the subspace: deep, so that errors add up."""
    torch.manual_seed(arguments.seed)
    space = load_space(arguments.space)
    subspace = Subspace(space, arguments.width, arguments.resolution)
    shape = network_of(
        subspace,
        space.largest,
        classes=len(dataset.classes),
        input_channels=dataset.input_channels,
    )
    return Subnet(shape)


def _images_in(minutes: float, subnet: Subnet, dataset: Dataset, plan: TrainingPlan) -> int:
    """How many images this machine trains on in `minutes`, by the pace of a few batches."""
    few = replace(dataset, validation=dataset.validation.take(np.arange(2)))
    trial = replace(plan, images=TRIAL_BATCHES * plan.batch_size)
    moments: list[float] = []

    def note(event: Event) -> None:
        if event.kind == "progress":
            moments.append(time.monotonic())

    finetune(subnet, None, few, trial, reporter=Reporter("pace", note))
    seconds = (moments[-1] - moments[0]) / (len(moments) - 1)
    return max(plan.batch_size, int(60 * minutes / seconds * plan.batch_size))


def _progress(event: Event) -> None:
    if event.kind == "progress":
        print("{done} of {total} {unit}".format(**event.data), file=sys.stderr)


def _ways(
    subnet: Subnet,
    images: NDArray[np.uint8],
    best: PostTraining,
    dataset: Dataset,
    plan: TrainingPlan,
) -> Iterator[tuple[str, Callable[[], Graph]]]:
    """(name, function that makes the graph) of every row."""
    for estimator in Estimator:
        yield estimator.value, partial(quantise, subnet, images, estimator=estimator)
    mse = partial(quantise, subnet, images, estimator=Estimator.MSE)
    yield "mse + equalisation", partial(mse, equalised=True)
    yield "mse + bias correction", partial(mse, corrected=True)
    yield "mse + both", partial(mse, equalised=True, corrected=True)
    yield (
        "best by its logits",
        lambda: quantise_network(best_post_training(subnet, images).calibrated),
    )

    def aware() -> Graph:
        share = int(AWARE_SHARE * plan.images) + 1
        longer = replace(plan, images=share, learning_rate=AWARE_RATE)
        reporter = Reporter("train", _progress)
        trained = quantisation_aware_finetune(
            best.calibrated, subnet, dataset, longer, reporter=reporter
        )
        return quantise_network(trained)

    yield "quantisation-aware", aware


def _batches(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _row(
    name: str, got: NDArray[Any], reference: NDArray[Any], split: Split, seconds: float
) -> Row:
    right, wanted = (float((x.argmax(1) == split.labels).mean()) for x in (got, reference))
    noise = float(((got - reference) ** 2).mean())
    return Row(
        name,
        right,
        100 * (wanted - right),
        float((got.argmax(1) == reference.argmax(1)).mean()),
        10 * float(np.log10(reference.var() / noise)) if noise else None,
        seconds,
    )


def _show(rows: list[Row]) -> None:
    table = Table("quantised by", "accuracy", "lost", "agreement", "logits", "seconds")
    for row in rows:
        table.add_row(
            row.name,
            f"{100 * row.accuracy:.2f}%",
            f"{row.lost_points:+.2f}",
            f"{100 * row.agreement:.2f}%",
            "" if row.decibels is None else f"{row.decibels:.1f} dB",
            f"{row.seconds:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
