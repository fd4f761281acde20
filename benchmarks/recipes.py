"""Which recipe trains the better supernet, and with which kernels: at equal images, on equal data.

    python -m benchmarks.recipes --quick
    python -m benchmarks.recipes --dataset cifar10 --images 200000 --seeds 3 --write

Sandwich rule against progressive shrinking, smaller kernels as crops of larger ones against learnt
linear maps of the crops: four supernets a seed.  Each is judged by its smallest, its largest and
the same random networks, recalibrated, on validation images (a default is a choice, and no choice
is made on test images).  Interrupted, it goes on from the last checkpoint; what is known is not
done again.

Equal images are not equal work: an image passes through three networks in the sandwich (forward and
backward), and in progressive shrinking through one in the first third, then through two and once
more forward through the largest.

On two cores `--quick` (digits) takes about five minutes, and CIFAR-10 with 200,000 images half an
hour for each supernet, so two hours a seed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.ledger import WORK, Ledger, digest, markdown, write_table
from benchmarks.trained import tell
from tinynas.data import Dataset, load_dataset
from tinynas.progress import Reporter
from tinynas.request import RECIPES
from tinynas.search import standard_error
from tinynas.spaces import Architecture, SearchSpace, Subspace, load_space
from tinynas.supernet import (
    Supernet,
    TrainingPlan,
    accuracy,
    available_threads,
    recalibrate,
    train_supernet,
)

KERNELS = ("crop", "transform")
STATISTICS = 2048


def main() -> int:
    arguments = _arguments()
    dataset = load_dataset(arguments.dataset, seed=0).at(arguments.resolution)
    subspace = Subspace(load_space(arguments.space), arguments.width, arguments.resolution)
    ledger, rows = Ledger(WORK / "recipes.jsonl"), []
    for recipe, kernels in product(RECIPES, KERNELS):
        found = []
        for seed in range(arguments.seeds):
            plan = TrainingPlan(
                arguments.images,
                batch_size=arguments.batch,
                seed=seed,
                recipe=recipe,
                threads=available_threads(),
            )
            found.append(judged(ledger, subspace, dataset, plan, kernels, arguments.random))
            print(recipe, kernels, seed, found[-1], file=sys.stderr, flush=True)
        rows.append([recipe, kernels, *_columns(found)])
    text = markdown(
        ["recipe", "kernels", "smallest %", "random %", "largest %", "all %"], rows, right=2
    )
    print(text)
    if arguments.write:
        error = 100 * standard_error(0.8, len(dataset.validation))
        about = (
            f"Supernets of space {subspace.space.name}, width {subspace.width:g}, at "
            f"{subspace.resolution} pixels on {dataset.name}, {arguments.images:,} images each. "
            f"Accuracy over {len(dataset.validation):,} validation images after recalibration "
            f"(standard error of one about {error:.2f} points), the mean of {arguments.random} "
            f"random networks; {arguments.seeds} seed(s): mean and deviation."
        )
        print(write_table(f"recipes-{dataset.name}", "Recipes of supernets", about, text))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="digits at 16 pixels, 20,000 images")
    parser.add_argument("--dataset", help="cifar10 by default")
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--width", type=float)
    parser.add_argument("--resolution", type=int)
    parser.add_argument("--images", type=int, help="that each supernet sees")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--random", type=int, default=10, help="networks beside the extremes")
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    arguments = parser.parse_args()
    quick = arguments.quick
    arguments.dataset = arguments.dataset or ("digits" if quick else "cifar10")
    arguments.width = arguments.width or (0.5 if quick else 1.0)
    arguments.resolution = arguments.resolution or (16 if quick else 32)
    arguments.images = arguments.images or (20_000 if quick else 200_000)
    return arguments


def judged(
    ledger: Ledger,
    subspace: Subspace,
    dataset: Dataset,
    plan: TrainingPlan,
    kernels: str,
    count: int,
    folder: Path = WORK,
) -> list[float]:
    """Accuracies (0 to 1) of the smallest, the largest and `count` random networks of a supernet
    that is trained by `plan`: known, or found now."""
    # Neither how often a checkpoint is written nor on how many threads makes it another training.
    key = {
        "subspace": repr(subspace),
        "dataset": dataset.fingerprint,
        "plan": repr(replace(plan, checkpoint_seconds=0.0, threads=1)),
        "kernels": kernels,
    }

    def measure() -> list[float]:
        supernet = Supernet(
            subspace,
            len(dataset.classes),
            dataset.input_channels,
            seed=plan.seed,
            kernel_transform=kernels == "transform",
        )
        checkpoint = folder / f"recipe-{digest(key)}.checkpoint.pt"
        reporter = Reporter("supernet", tell)
        train_supernet(supernet, dataset, plan, checkpoint=checkpoint, reporter=reporter)
        images = dataset.calibration_images(STATISTICS, seed=plan.seed)
        found = []
        for architecture in looked_at(subspace.space, count):
            subnet = supernet.subnet(architecture)
            recalibrate(subnet, images)
            found.append(accuracy(subnet, dataset.validation))
        for file in folder.glob(f"recipe-{digest(key)}.checkpoint*.pt"):
            file.unlink()
        return found

    accuracies: list[float] = ledger.get({**key, "random": count}, measure)
    return accuracies


def looked_at(space: SearchSpace, count: int) -> list[Architecture]:
    """The smallest, the largest, and the same random ones whatever is trained."""
    rows = space.sample(count, np.random.default_rng(0))
    return [space.smallest, space.largest, *Architecture.of_rows(space, rows)]


def _columns(found: Sequence[Sequence[float]]) -> list[str]:
    """Of some seeds: smallest, random, largest, all."""
    parts = (
        [run[0] for run in found],
        [statistics.mean(run[2:]) if run[2:] else float("nan") for run in found],
        [run[1] for run in found],
        [statistics.mean(run) for run in found],
    )
    texts = []
    for values in parts:
        text = f"{100 * statistics.mean(values):.2f}"
        texts.append(f"{text} ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else text)
    return texts


if __name__ == "__main__":
    sys.exit(main())
