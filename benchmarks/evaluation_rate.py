"""How many subnets are measured in a minute, and how far a measurement can be trusted.

    python -m benchmarks.evaluation_rate --actors 2 --subnets 64 --write

Subnets of about 5 M MACs on CIFAR-10, 256 images for their statistics and 2,000 for their accuracy
(as a search measures them), and fewer, by Ray actors that hold weights and images.  They are asked
for in rounds, as the search does, so the rate has a standard error.  The noise of a measurement is
what remains between measurements with different images for the statistics, and the standard error
of a share.

Three minutes on two cores that do nothing else; beside other work the rate says nothing.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from benchmarks.ledger import markdown, write_table
from tinynas.cluster import on_ray
from tinynas.data import Dataset, Split, load_dataset
from tinynas.search import EvaluationTask, Evaluator, LocalEvaluator, keep_back, standard_error
from tinynas.search.proposals import BATCH
from tinynas.spaces import Architecture, Subspace, load_space, skeleton
from tinynas.supernet import Supernet, data_for, load_supernet

REPEATS = 5
HEADER = ["images", "evaluations a minute", "by statistics", "standard error"]
_SAMPLED = 500


def main() -> int:
    arguments = _arguments()
    supernet, dataset = _given(arguments)
    searched, _ = keep_back(dataset.validation, seed=0)
    architectures, macs = of_work(supernet, arguments.subnets, arguments.macs)
    rows = []
    with on_ray(arguments.actors) as place:
        for images in arguments.images:
            part = searched.take(np.arange(min(images, len(searched))))
            task = EvaluationTask(supernet, dataset.calibration_images(), part)
            evaluator = place.evaluators(task)
            evaluator.evaluate(architectures[: arguments.actors])  # starts the actors
            rates = timed(evaluator, architectures)
            evaluator.close()
            repeated = by_statistics(supernet, dataset, part, architectures[:1])
            rows.append(_row(len(part), rates, repeated))
    text = markdown(HEADER, rows, right=0)
    print(text)
    if arguments.write:
        about = (
            f"{len(architectures)} subnets of {macs / 1e6:.2f} M MACs on average, of a supernet of "
            f"{supernet.subspace.space.name} on {dataset.name}, on {arguments.actors} actors: mean "
            f"and standard error of the rounds. Noise, in points of accuracy: the deviation of one "
            f"subnet's accuracy by the images for its statistics ({REPEATS} draws), and the "
            f"standard error of a share of so many images at 80%."
        )
        print(write_table(f"evaluation-rate-{dataset.name}", "Evaluation rate", about, text))
    return 0


def by_statistics(
    supernet: Supernet, dataset: Dataset, split: Split, architectures: list[Architecture]
) -> list[float]:
    """Accuracy of one architecture by the images for its statistics."""
    tasks = (
        EvaluationTask(supernet, dataset.calibration_images(seed=seed), split)
        for seed in range(REPEATS)
    )
    return [LocalEvaluator(task).evaluate(architectures)[0] for task in tasks]


def _row(images: int, rates: list[float], repeated: list[float]) -> list[str]:
    spread = np.std(rates, ddof=1) / np.sqrt(len(rates)) if len(rates) > 1 else float("nan")
    return [
        f"{images:,}",
        f"{np.mean(rates):.0f} ± {spread:.0f}",
        f"{100 * np.std(repeated, ddof=1):.2f}",
        f"{100 * standard_error(0.8, images):.2f}",
    ]


def _given(arguments: argparse.Namespace) -> tuple[Supernet, Dataset]:
    """A supernet and its data; how well it is trained makes no difference to the rate."""
    if arguments.supernet:
        supernet, card = load_supernet(arguments.supernet)
        return supernet, data_for(supernet.subspace, load_dataset(card.dataset, seed=card.seed))
    dataset = load_dataset(arguments.dataset).at(arguments.resolution)
    subspace = Subspace(load_space("tiny"), arguments.width, arguments.resolution)
    return Supernet(subspace, len(dataset.classes), dataset.input_channels), dataset


def of_work(supernet: Supernet, count: int, macs: float) -> tuple[list[Architecture], float]:
    """The `count` random networks whose MACs are nearest to `macs`, and their mean MACs."""
    space = supernet.subspace.space
    rows = space.sample(_SAMPLED, np.random.default_rng(0))
    sampled = Architecture.of_rows(space, np.unique(rows, axis=0))
    work = np.array([skeleton(supernet.network(a)).macs for a in sampled], dtype=np.float64)
    nearest = np.argsort(np.abs(work - macs), kind="stable")[:count]
    return [sampled[i] for i in nearest], float(work[nearest].mean())


def timed(evaluator: Evaluator, architectures: list[Architecture]) -> list[float]:
    """The evaluations a minute of every whole round."""
    rates = []
    for start in range(0, len(architectures), BATCH):
        part = architectures[start : start + BATCH]
        started = time.monotonic()
        evaluator.evaluate(part)
        if len(part) == BATCH or start == 0:
            rates.append(60 * len(part) / (time.monotonic() - started))
    return rates


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", help="a name or a file; an untrained one by default")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--width", type=float, default=1.25)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--subnets", type=int, default=64)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--macs", type=float, default=5e6, help="of a subnet, about")
    parser.add_argument(
        "--images",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[2000, 1000, 500],
        help="for an accuracy, with commas",
    )
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
