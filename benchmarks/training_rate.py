"""What training on a processor gains by two measures: images a second of processor time.

    python -m benchmarks.training_rate --write

The same sandwich steps (largest, smallest and a random network) as they are, without keeping freed
memory (`tinynas.supernet.memory`), and without the gradient for small maps
(`tinynas.supernet.small_maps`); each in a process of its own, in turns, as neither can be undone
within one.  Only ratios mean anything beside other work.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext

import numpy as np

from benchmarks.ledger import markdown, write_table
from tinynas.data import Dataset, Split
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import Supernet, TrainingPlan, layers, loop, train_supernet

WAYS = ("as it is", "freed memory handed back", "oneDNN's gradient on small maps")
SUBSPACES = ((0.75, 32), (1.25, 32), (0.75, 64))
"""Width, resolution."""


def main() -> int:
    arguments = _arguments()
    if arguments.way is not None:
        print(measured(WAYS[arguments.way], *SUBSPACES[arguments.subspace], arguments.steps))
        return 0
    rows = []
    for place, (width, resolution) in enumerate(SUBSPACES):
        rates: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(arguments.rounds):
            for number, way in enumerate(WAYS):
                options = ("--way", str(number), "--subspace", str(place))
                rates[way].append(_in_a_process(*options, "--steps", str(arguments.steps)))
        best = statistics.median(rates[WAYS[0]])
        shares = (f"{best / statistics.median(rates[way]):.2f}" for way in WAYS[1:])
        rows.append([f"{width:g}", str(resolution), f"{best:.0f}", *shares])
    head = ["width", "pixels", "images a second", *(f"times as many as: {way}" for way in WAYS[1:])]
    text = markdown(head, rows, right=0)
    print(text)
    if arguments.write:
        about = (
            f"Supernets of space tiny, sandwich steps of {TrainingPlan.batch_size} images, one "
            f"thread, processor time; medians of {arguments.rounds} rounds."
        )
        print(write_table("training-rate", "Training on a processor", about, text))
    return 0


def measured(way: str, width: float, resolution: int, steps: int) -> float:
    """Images a second of processor time, start-up not counted."""
    if way == WAYS[1]:
        vars(loop)["freed_memory_kept"] = nullcontext
    if way == WAYS[2]:
        layers._smaller_than_kernel = lambda *_: False
    subspace = Subspace(load_space("tiny"), width, resolution)
    supernet, dataset = Supernet(subspace, 10, 3), _noise(resolution)
    batch = TrainingPlan.batch_size
    _train(supernet, dataset, 2 * batch)
    start = time.process_time()
    _train(supernet, dataset, steps * batch)
    return steps * batch / (time.process_time() - start)


def _train(supernet: Supernet, dataset: Dataset, images: int) -> None:
    train_supernet(supernet, dataset, TrainingPlan(images, threads=1), watched=False)


def _noise(resolution: int) -> Dataset:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (512, resolution, resolution, 3), dtype=np.uint8)
    split = Split(images, np.arange(512) % 10)
    return Dataset("noise", tuple("0123456789"), split, split, split)


def _in_a_process(*options: str) -> float:
    command = [sys.executable, "-m", "benchmarks.training_rate", *options]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(ran.stdout)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", type=int, help="measure this one here")
    parser.add_argument("--subspace", type=int, help="with --way")
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
