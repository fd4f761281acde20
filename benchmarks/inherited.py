r"""Is a subnet with inherited weights about as good as one trained alone?

    python -m benchmarks.inherited --supernet cifar10 --subnets 8 --write

Subnets over the whole range of MACs are taken from a supernet (see `reference_supernets`),
recalibrated, and compared on the test split with the same networks trained from scratch on as many
images as the supernet saw.  The claim is that they are within one point, and rank alike (a rank
correlation above 0.7); the last lines say how far that holds.  Interrupted, it goes on where it
stopped.

On two cores a network of 5 M MACs sees about 300 images a second, so four subnets of a supernet
that saw 200,000 take three quarters of an hour, and the supernet itself half an hour before:

    python -m benchmarks.reference_supernets --names cifar10 --images 200000
    python -m benchmarks.inherited --subnets 4 \
        --supernet out/benchmarks/supernets/cifar10.safetensors
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.stats import kendalltau, spearmanr

from benchmarks.ledger import WORK, Ledger, markdown, write_table
from benchmarks.trained import trained_network
from tinynas.data import Dataset, load_dataset
from tinynas.search import standard_error
from tinynas.spaces import Architecture, NetworkShape, SearchSpace, skeleton
from tinynas.supernet import (
    Supernet,
    TrainingPlan,
    accuracy,
    available_threads,
    load_supernet,
    recalibrate,
    weights_hash,
)

RATE = 5e-3
STATISTICS = 2048
_SAMPLED = 400
CLAIM = 1.0
"""Points within which inherited weights should be of those trained alone."""


def main() -> int:
    arguments = _arguments()
    supernet, card = load_supernet(arguments.supernet)
    whole = load_dataset(card.dataset, seed=card.seed)
    images = arguments.images or card.train_images
    plan = TrainingPlan(images, learning_rate=RATE, seed=card.seed, threads=available_threads())
    ledger = Ledger(WORK / "inherited.jsonl")
    rows = []
    for architecture in spread(supernet, arguments.subnets):
        key = {"weights": weights_hash(supernet), "row": architecture.row}
        network = supernet.network(architecture)
        dataset = whole.at(network.resolution)
        taken = ledger.get(
            {**key, "way": "inherited"}, partial(inherited, supernet, architecture, dataset)
        )
        decides = repr(replace(plan, checkpoint_seconds=0.0, threads=1))
        alone = ledger.get(
            {**key, "way": "alone", "plan": decides}, partial(trained_alone, network, dataset, plan)
        )
        rows.append((skeleton(network).macs, taken, alone))
        print(rows[-1], file=sys.stderr, flush=True)
    tested = len(whole.test)
    text = table(rows, tested)
    print(text)
    if arguments.write:
        about = (
            f"Supernet `{arguments.supernet}` saw {card.train_images:,} images of {card.dataset}; "
            f"each network alone saw {images:,}. Accuracy over {tested:,} test images."
        )
        print(write_table(f"inherited-{card.dataset}", "Inherited and alone", about, text))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", required=True, help="a name or a file")
    parser.add_argument("--subnets", type=int, default=8)
    parser.add_argument("--images", type=int, help="of training alone; the supernet's by default")
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    return parser.parse_args()


def inherited(supernet: Supernet, architecture: Architecture, dataset: Dataset) -> float:
    """Test accuracy of a subnet with the supernet's weights and statistics of its own."""
    subnet = supernet.subnet(architecture)
    recalibrate(subnet, dataset.calibration_images(STATISTICS))
    return accuracy(subnet, dataset.test)


def trained_alone(network: NetworkShape, dataset: Dataset, plan: TrainingPlan) -> float:
    """Test accuracy of the same network trained from scratch."""
    return accuracy(trained_network(network, dataset, plan), dataset.test)


def spread(supernet: Supernet, count: int) -> list[Architecture]:
    """The smallest, the largest and random ones at even quantiles of MACs between."""
    space: SearchSpace = supernet.subspace.space
    rows = space.sample(_SAMPLED, np.random.default_rng(0))
    sampled = Architecture.of_rows(space, rows)
    sampled.sort(key=lambda a: skeleton(supernet.network(a)).macs)
    places = np.linspace(0, len(sampled) - 1, max(0, count - 2) + 2)[1:-1]
    between = [sampled[int(place)] for place in places]
    return [space.smallest, *between, space.largest][:count]


def table(rows: list[tuple[int, float, float]], images: int) -> str:
    """A network a row, then how far they differ and whether they rank alike."""
    lines = [
        [
            f"{m:,}",
            *(f"{100 * a:.2f} ± {100 * standard_error(a, images):.2f}" for a in (i, b)),
            f"{100 * (i - b):+.2f}",
        ]
        for m, i, b in rows
    ]
    text = markdown(["MACs", "inherited %", "alone %", "difference"], lines, right=0)
    if len(rows) < 3:
        return text
    taken, alone = ([row[c] for row in rows] for c in (1, 2))
    differences = [100 * (i - b) for _, i, b in rows]
    near = sum(abs(d) <= CLAIM for d in differences)
    return (
        f"{text}\n\nMean difference {np.mean(differences):+.2f} points; {near} of {len(rows)} are "
        f"within {CLAIM:g} point. Kendall's tau {kendalltau(taken, alone).statistic:.2f}, "
        f"Spearman's rho {spearmanr(taken, alone).statistic:.2f}."
    )


if __name__ == "__main__":
    sys.exit(main())
