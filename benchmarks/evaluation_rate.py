"""How many subnets are measured in a minute, and how far a measurement can be trusted.

    python -m benchmarks.evaluation_rate --actors 2 --subnets 64 --write

Subnets of about 5 M MACs on CIFAR-10, 256 images for their statistics and 2,000 for their accuracy,
by Ray actors that hold weights and images.  They are asked for in rounds, as the search does, so
the rate has a standard error.  The noise of a measurement is what remains between measurements with
different images for the statistics, and the standard error of a share.

One or two minutes on two cores that do nothing else; beside other work the rate says nothing.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from benchmarks.ledger import write_table
from tinynas.cluster import on_ray
from tinynas.data import Dataset, load_dataset
from tinynas.search import EvaluationTask, Evaluator, LocalEvaluator, keep_back, standard_error
from tinynas.search.proposals import BATCH
from tinynas.spaces import Architecture, Subspace, load_space, skeleton
from tinynas.supernet import Supernet, data_for, load_supernet

REPEATS = 5
_SAMPLED = 500


def main() -> int:
    arguments = _arguments()
    supernet, dataset = _given(arguments)
    searched, _ = keep_back(dataset.validation, seed=0)
    task = EvaluationTask(supernet, dataset.calibration_images(), searched)
    architectures, macs = of_work(supernet, arguments.subnets, arguments.macs)
    with on_ray(arguments.actors) as place:
        evaluator = place.evaluators(task)
        evaluator.evaluate(architectures[: arguments.actors])  # starts the actors
        accuracies, rates = timed(evaluator, architectures)
        evaluator.close()
    repeated = [
        LocalEvaluator(
            EvaluationTask(supernet, dataset.calibration_images(seed=seed), searched)
        ).evaluate(architectures[:1])[0]
        for seed in range(REPEATS)
    ]
    error = standard_error(float(np.mean(accuracies)), len(searched))
    spread = np.std(rates, ddof=1) / np.sqrt(len(rates)) if len(rates) > 1 else float("nan")
    text = "\n".join(
        (
            f"- {len(architectures)} subnets of {macs / 1e6:.2f} M MACs on average, "
            f"{len(searched):,} validation images",
            f"- {np.mean(rates):.0f} ± {spread:.0f} evaluations a minute (mean and standard error "
            f"of {len(rates)} rounds) on {arguments.actors} actors",
            f"- deviation by the images for statistics {100 * np.std(repeated, ddof=1):.2f} points",
            f"- standard error of the accuracy {100 * error:.2f} points",
        )
    )
    print(text)
    if arguments.write:
        about = f"Subnets of a supernet of {supernet.subspace.space.name} on {dataset.name}."
        print(write_table(f"evaluation-rate-{dataset.name}", "Evaluation rate", about, text))
    return 0


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


def timed(
    evaluator: Evaluator, architectures: list[Architecture]
) -> tuple[list[float], list[float]]:
    """Accuracies, and the evaluations a minute of every whole round."""
    accuracies, rates = [], []
    for start in range(0, len(architectures), BATCH):
        part = architectures[start : start + BATCH]
        started = time.monotonic()
        accuracies += evaluator.evaluate(part)
        if len(part) == BATCH or start == 0:
            rates.append(60 * len(part) / (time.monotonic() - started))
    return accuracies, rates


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", help="a name or a file; an untrained one by default")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--width", type=float, default=1.25)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--subnets", type=int, default=64)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--macs", type=float, default=5e6, help="of a subnet, about")
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
