"""How many subnets are measured in a minute, and how far a measurement can be trusted.

    python -m benchmarks.evaluation_rate --actors 2 --subnets 60

Subnets of about 5 M MACs on CIFAR-10, 256 images for their statistics and 2,000 for their accuracy,
by Ray actors that hold weights and images.  The noise is what remains between measurements with
different images for the statistics, and the standard error of a share.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tinynas.data import load_dataset
from tinynas.search import EvaluationTask, LocalEvaluator, keep_back, standard_error
from tinynas.spaces import Architecture, Subspace, load_space, skeleton
from tinynas.supernet import Supernet, load_supernet
from worker.cluster import Cluster
from worker.evaluator import RayEvaluator

REPEATS = 5


def main() -> int:
    arguments = _arguments()
    if arguments.supernet:
        supernet, card = load_supernet(arguments.supernet)
        dataset = load_dataset(card.dataset).at(card.resolution)
    else:
        dataset = load_dataset(arguments.dataset)
        subspace = Subspace(load_space("tiny"), arguments.width, dataset.native_resolution)
        supernet = Supernet(subspace, len(dataset.classes), dataset.input_channels)
    searched, _ = keep_back(dataset.validation, seed=0)
    task = EvaluationTask(supernet, dataset.calibration_images(), searched)
    space = supernet.subspace.space
    rows = space.sample(arguments.subnets, np.random.default_rng(0))
    architectures = Architecture.of_rows(space, rows)
    macs = np.mean([skeleton(supernet.network(a)).macs for a in architectures])
    print(f"{len(architectures)} subnets of {macs:,.0f} MACs on average, {len(searched):,} images")
    with tempfile.TemporaryDirectory(prefix="tn-") as folder:
        cluster = Cluster(cpus=arguments.actors, folder=Path(folder))
        evaluator = RayEvaluator(task, cluster, actors=arguments.actors)
        evaluator.evaluate(architectures[: arguments.actors])  # starts the actors
        started = time.monotonic()
        accuracies = evaluator.evaluate(architectures)
        seconds = time.monotonic() - started
        evaluator.close()
        cluster.close()
    print(
        f"{60 * len(architectures) / seconds:.0f} evaluations a minute on {arguments.actors} actors"
    )
    repeated = [
        LocalEvaluator(
            EvaluationTask(supernet, dataset.calibration_images(seed=seed), searched)
        ).evaluate(architectures[:1])[0]
        for seed in range(REPEATS)
    ]
    error = standard_error(float(np.mean(accuracies)), len(searched))
    print(f"deviation by the images for statistics {100 * np.std(repeated, ddof=1):.2f} points")
    print(f"standard error of the accuracy {100 * error:.2f} points")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", help="a name or a file; an untrained one by default")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--width", type=float, default=1.25)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--subnets", type=int, default=60)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
