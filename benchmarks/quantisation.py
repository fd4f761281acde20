"""What each way of quantising a network costs in accuracy.

    python -m benchmarks.quantisation --dataset cifar10 --images 300000 --write

Trains one network in float, quantises it in every way there is, trains it on quantisation-aware
for a tenth of the images, and counts on the whole test split by the integer reference.  The same
for the network of quantisation-friendly blocks.  Interrupted, it goes on where it stopped.
`--write` makes `benchmarks/results/quantisation-DATASET.md`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.ledger import WORK, Ledger, markdown, write_table
from benchmarks.trained import tell, trained_network
from tinynas.data import Dataset, load_dataset
from tinynas.finetune import quantisation_aware_finetune
from tinynas.graph.ir import Graph
from tinynas.progress import Reporter
from tinynas.quantise import (
    Estimator,
    PostTraining,
    best_post_training,
    noise_report,
    quantise,
    quantise_network,
    real_logits,
)
from tinynas.spaces import Architecture, NetworkShape, Subspace, load_space, network_of, skeleton
from tinynas.supernet import TrainingPlan, available_threads, logits

SPACES = {"tiny": "MBConv, ReLU6", "tiny-friendly": "quantisation-friendly blocks, ReLU"}
CALIBRATION_IMAGES = 512
NOISE_IMAGES = 64
AWARE_SHARE = 0.1
"""Of the images of the float training."""
FLOAT_RATE, AWARE_RATE = 5e-3, 3e-4
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
    plan = TrainingPlan(
        images=arguments.images,
        learning_rate=FLOAT_RATE,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    ledger = Ledger(WORK / "quantisation.jsonl")
    parts = []
    for space in arguments.spaces.split(","):
        about = SPACES[space]
        network = _network(space, arguments.width, dataset)
        whole = space == "tiny"
        images = arguments.images if whole else arguments.friendly_images or arguments.images
        bench = _Bench(
            network,
            dataset,
            replace(plan, images=images),
            ledger,
            whole=whole,
            only_known=arguments.known,
        )
        title = f"{about} ({skeleton(network).macs:,} MACs, trained on {images:,} images)"
        parts.append(_text(title, list(bench.rows()), bench))
        print(parts[-1], flush=True)
    if arguments.write:
        about = (
            f"Networks trained on {dataset.name} and quantised in every way; accuracy over all "
            f"{len(dataset.test):,} test images by the integer reference. "
            f"Calibrated on {CALIBRATION_IMAGES} training images. Ways that are not listed were "
            "not run; the same command without --known runs them."
        )
        title = f"Quantisation on {dataset.name}"
        print(write_table(f"quantisation-{dataset.name}", title, about, "\n\n".join(parts)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--images", type=int, default=300_000, help="of training in float")
    parser.add_argument(
        "--friendly-images", type=int, help="of training the friendly network, if fewer"
    )
    parser.add_argument("--spaces", default=",".join(SPACES), help="of the networks, with commas")
    parser.add_argument("--width", type=float, default=1.25)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=available_threads())
    parser.add_argument("--known", action="store_true", help="only what is known already")
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    return parser.parse_args()


def _network(space_name: str, width: float, dataset: Dataset) -> NetworkShape:
    """The deepest and most expanded of a space, with kernels of 3: errors add up over 9 blocks."""
    space = load_space(space_name)
    genes = zip(space.genes, space.largest.row, strict=True)
    row = [0 if gene.name.endswith("kernel") else value for gene, value in genes]
    (architecture,) = Architecture.of_rows(space, np.array([row]))
    return network_of(
        Subspace(space, width, dataset.native_resolution),
        architecture,
        classes=len(dataset.classes),
        input_channels=dataset.input_channels,
    )


@dataclass
class _Bench:
    """One network in all ways, or (`whole` is false) in the telling ones."""

    network: NetworkShape
    dataset: Dataset
    plan: TrainingPlan
    ledger: Ledger
    whole: bool
    only_known: bool = False

    @cached_property
    def subnet(self) -> Any:
        return trained_network(self.network, self.dataset, self.plan)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        return self.dataset.calibration_images(CALIBRATION_IMAGES, seed=self.plan.seed)

    @cached_property
    def best(self) -> PostTraining:
        return best_post_training(self.subnet, self.images)

    @cached_property
    def reference(self) -> NDArray[Any]:
        return logits(self.subnet, self.dataset.test.images)

    def rows(self) -> Iterator[Row]:
        yield self._kept("float", lambda: self._row("float", self.reference, 0.0))
        for name, make in self._ways():
            if not self.only_known or self.ledger.find(self._key(name)) is not None:
                yield self._kept(name, partial(self._quantised, name, make))

    def noise(self) -> list[dict[str, Any]]:
        """What each layer of the best post-training graph has lost."""

        def make() -> list[dict[str, Any]]:
            graph = quantise_network(self.best.calibrated)
            entries = noise_report(self.best.network, graph, self.images[:NOISE_IMAGES])
            return [{**entry.to_json()} for entry in entries]

        found: list[dict[str, Any]] = self.ledger.get(self._key("noise"), make)
        return found

    def chosen(self) -> str:
        found: str = self.ledger.get(self._key("chosen"), lambda: self.best.to_json()["estimator"])
        equalised = self.ledger.get(self._key("equalised"), lambda: self.best.equalised)
        return f"{found} ranges" + (", equalised" if equalised else ", not equalised")

    def _kept(self, name: str, make: Callable[[], Row]) -> Row:
        row = Row(**self.ledger.get(self._key(name), lambda: asdict(make())))
        print(row, file=sys.stderr, flush=True)
        return row

    def _key(self, name: str) -> dict[str, Any]:
        plan = replace(self.plan, threads=1, checkpoint_seconds=0.0)
        return {
            "network": repr(self.network),
            "dataset": self.dataset.fingerprint,
            "plan": repr(plan),
            "way": name,
        }

    def _ways(self) -> Iterator[tuple[str, Callable[[], Graph]]]:
        """(name, function that makes the graph) of every row."""
        plain = [(estimator, False, False) for estimator in Estimator]
        for way in plain:
            yield self._way(*way)
        yield "best by its logits", lambda: quantise_network(self.best.calibrated)
        yield "quantisation-aware", self._aware
        for way in product(Estimator, (False, True), (False, True)) if self.whole else ():
            if way not in plain:
                yield self._way(*way)

    def _way(
        self, estimator: Estimator, equalised: bool, corrected: bool
    ) -> tuple[str, Callable[[], Graph]]:
        def make() -> Graph:
            return quantise(
                self.subnet,
                self.images,
                estimator=estimator,
                equalised=equalised,
                corrected=corrected,
            )

        extras = [" + equalised"] * equalised + [" + bias corrected"] * corrected
        return estimator.value + "".join(extras), make

    def _aware(self) -> Graph:
        share = int(AWARE_SHARE * self.plan.images)
        plan = replace(self.plan, images=share, learning_rate=AWARE_RATE)
        return quantise_network(
            quantisation_aware_finetune(
                self.best.calibrated,
                self.subnet,
                self.dataset,
                plan,
                reporter=Reporter("quantise", tell),
            )
        )

    def _quantised(self, name: str, make: Callable[[], Graph]) -> Row:
        started = time.monotonic()
        graph = make()
        seconds = time.monotonic() - started
        images = self.dataset.test.images
        starts = range(0, len(images), BATCH)
        got = np.concatenate([real_logits(graph, images[i : i + BATCH]) for i in starts])
        return self._row(name, got, seconds)

    def _row(self, name: str, got: NDArray[Any], seconds: float) -> Row:
        reference, labels = self.reference, self.dataset.test.labels
        right, wanted = (float((x.argmax(1) == labels).mean()) for x in (got, reference))
        noise = float(((got - reference) ** 2).mean())
        return Row(
            name,
            right,
            100 * (wanted - right),
            float((got.argmax(1) == reference.argmax(1)).mean()),
            10 * float(np.log10(reference.var() / noise)) if noise else None,
            seconds,
        )


def _text(title: str, rows: list[Row], bench: _Bench) -> str:
    """Both tables of one network."""
    lines = [
        [
            row.name,
            f"{100 * row.accuracy:.2f}",
            f"{row.lost_points:+.2f}",
            f"{100 * row.agreement:.2f}",
            "" if row.decibels is None else f"{row.decibels:.1f}",
        ]
        for row in rows
    ]
    head = ["quantised by", "accuracy %", "points lost", "same class as float %", "logits dB"]
    text = f"## {title}\n\nBest by its logits: {bench.chosen()}.\n\n" + markdown(head, lines)
    if not bench.whole:
        return text
    noise = [
        [
            entry["tensor"],
            entry["kind"],
            "exact"
            if entry["signal_to_noise_db"] is None
            else f"{entry['signal_to_noise_db']:.1f}",
            f"{100 * entry['saturated']:.2f}",
        ]
        for entry in bench.noise()
    ]
    head = ["tensor", "operator", "signal to noise dB", "saturated %"]
    return f"{text}\n\nEach tensor of the best by its logits:\n\n" + markdown(head, noise, right=2)


if __name__ == "__main__":
    sys.exit(main())
