"""Test accuracy in int8 of searched networks and of baselines, at the same memory budgets.

    python -m benchmarks.accuracy_at_budget --dataset cifar10 --quick --write
    python -m benchmarks.accuracy_at_budget --dataset cifar10 --write

Every baseline is widened until it no longer fits (SRAM by the best schedule there is, flash), at
the images' own resolution and at another one, as the search may choose its resolution too; then
trained from scratch by the same recipe on the same number of images as the searched network is
fine-tuned on; the supernet's own training is stated beside it.  All are quantised the same way:
the best without training, quantisation-aware training where that loses more than half a point.
Interrupted, it goes on where it stopped.  Without a GPU networks are trained side by side, a
process for every core; `--quick` takes under two hours on two idle cores, the whole table is meant
for a GPU.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import torch

from benchmarks.baselines import Family, families
from benchmarks.ledger import WORK, Ledger, digest, markdown, write_table
from benchmarks.trained import tell, trained_network
from tinynas.build import preferred_compiler
from tinynas.cost import MemoryCost
from tinynas.data import Dataset, load_dataset
from tinynas.devices import Budget, Device, load_device
from tinynas.effort import aware_images
from tinynas.finetune import int8_network
from tinynas.pipeline import run_pipeline
from tinynas.pipeline.compiling import schedule_within
from tinynas.progress import Reporter
from tinynas.quantise import classify, quantise_network
from tinynas.request import SMALL_IMAGES, Effort, JobRequest
from tinynas.spaces import DrawnNetwork
from tinynas.supernet import TrainingPlan, accuracy, available_threads
from tinynas.units import parse_bytes

QUICK_FAMILIES = ("mobilenet-v2", "mlperf-resnet8")
BUDGETS = ("64KB:256KB", "128KB:512KB", "320KB:1MB")
RATE, AWARE_RATE = 5e-3, 3e-4
SEARCHED = "searched"
Entrant: TypeAlias = tuple[str, int | None]
"""A family and its resolution; none where that is searched."""
Wanted: TypeAlias = tuple[str, Entrant, int]
"""Budget, entrant, seed."""


@dataclass(frozen=True)
class Effortful:
    """Images of the supernet's training, of every network's own, and networks measured."""

    supernet_images: int
    images: int
    evaluations: int


QUICK = Effortful(supernet_images=120_000, images=90_000, evaluations=64)
WHOLE = Effortful(supernet_images=4_500_000, images=2_250_000, evaluations=400)


@dataclass(frozen=True)
class Cell:
    """One network at one budget with one seed, on the test split."""

    accuracy: float
    float_accuracy: float
    macs: int
    sram_bytes: int
    flash_bytes: int
    what: str


def main() -> int:
    arguments = _arguments()
    bench = _Bench(arguments)
    wanted = list(product(bench.budgets, bench.entrants, range(arguments.seeds)))
    for (budget, entrant, seed), cell in _measured(bench, wanted, arguments):
        print(budget, *entrant, seed, cell or "does not fit", file=sys.stderr, flush=True)
    bench = _Bench(arguments)  # knows what other processes found
    table = bench.table()
    print(table)
    if arguments.write:
        title = f"Accuracy at a budget on {arguments.dataset}"
        file = f"accuracy-at-budget-{arguments.dataset}{'-quick' if arguments.quick else ''}"
        print(write_table(file, title, bench.about(), table))
    return 0


def _measured(
    bench: _Bench, wanted: list[Wanted], arguments: argparse.Namespace
) -> Iterator[tuple[Wanted, Cell | None]]:
    """Every cell as soon as it is known, in this process or in several."""
    if arguments.processes == 1:
        for budget, entrant, seed in wanted:
            yield (budget, entrant, seed), bench.cell(entrant, budget, seed)
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, available_threads() // arguments.processes))
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(arguments.processes, mp_context=spawn) as pool:
        running: dict[Future[Cell | None], Wanted] = {
            pool.submit(_cell, arguments, *cell): cell for cell in wanted
        }
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _cell(arguments: argparse.Namespace, budget: str, entrant: Entrant, seed: int) -> Cell | None:
    return _Bench(arguments).cell(entrant, budget, seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--quick", action="store_true", help="one budget, two baselines, one seed")
    parser.add_argument("--device", default="stm32f746zg", help="whose code is counted")
    parser.add_argument("--budgets", help="SRAM:FLASH, with commas")
    parser.add_argument("--families", help="baselines, with commas")
    parser.add_argument("--resolutions", help="of baselines (pixels), with commas")
    parser.add_argument("--seeds", type=int, help="how many")
    parser.add_argument("--supernet-images", type=int)
    parser.add_argument("--images", type=int, help="of every network's own training")
    parser.add_argument("--evaluations", type=int)
    parser.add_argument("--space", help="of the searched network")
    parser.add_argument(
        "--processes",
        type=int,
        default=1 if torch.cuda.is_available() else len(os.sched_getaffinity(0)),
        help="networks that are trained side by side",
    )
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    arguments = parser.parse_args()
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 3)
    return arguments


class _Bench:
    def __init__(self, arguments: argparse.Namespace) -> None:
        given, quick = arguments, arguments.quick
        effort = QUICK if quick else WHOLE
        self.effort = Effortful(
            given.supernet_images or effort.supernet_images,
            given.images or effort.images,
            given.evaluations or effort.evaluations,
        )
        wanted = given.families.split(",") if given.families else QUICK_FAMILIES if quick else None
        self.families = {n: f for n, f in families().items() if wanted is None or n in wanted}
        self.budgets = (
            given.budgets.split(",") if given.budgets else BUDGETS[:1] if quick else BUDGETS
        )
        self.space, self.seeds = given.space, given.seeds
        self.device: Device = load_device(given.device)
        self.dataset: Dataset = load_dataset(given.dataset, seed=0)
        resolutions = (
            [int(text) for text in given.resolutions.split(",")]
            if given.resolutions
            else baseline_resolutions(self.dataset.native_resolution)
        )
        self.entrants: list[Entrant] = [
            (SEARCHED, None),
            *((name, resolution) for name in self.families for resolution in resolutions),
        ]
        self.ledger = Ledger(WORK / "accuracy-at-budget.jsonl")

    def about(self) -> str:
        effort = self.effort
        return (
            f"Accuracy over the {len(self.dataset.test):,} test images, counted by the integer "
            f"reference. Every network saw {effort.images:,} images of its own; the searched one "
            f"started from a supernet that saw {effort.supernet_images:,} and measured "
            f"{effort.evaluations} networks. {self.seeds} seed(s): mean and deviation."
        )

    def cell(self, entrant: Entrant, budget: str, seed: int) -> Cell | None:
        """Known or measured now; None where nothing of the family fits."""
        name, resolution = entrant
        key = {
            "name": name,
            "budget": budget,
            "seed": seed,
            "dataset": self.dataset.fingerprint,
            "effort": repr(self.effort),
            "device": self.device.name,
            **({"space": self.space} if resolution is None else {"resolution": resolution}),
        }

        def make() -> dict[str, Any] | None:
            memory = parse_budget(budget)
            if resolution is None:
                return self._searched(memory, seed, WORK / f"search-{digest(key)}")
            fitted = fit(self.families[name], resolution, memory, self.dataset, self.device)
            return None if fitted is None else self._baseline(*fitted, seed)

        made = self.ledger.get(key, make)
        return None if made is None else Cell(**made)

    def _searched(self, budget: Budget, seed: int, folder: Any) -> dict[str, Any]:
        effort = self.effort
        request = JobRequest(
            self.dataset.name,
            device=self.device.name,
            sram_bytes=budget.sram_bytes,
            flash_bytes=budget.flash_bytes,
            space=self.space,
            effort=Effort(effort.supernet_images, effort.evaluations, effort.images),
            seed=seed,
        )
        found = run_pipeline(request, folder, reporter=Reporter(listener=tell)).to_json()
        subspace = found["subspace"]
        return {
            "accuracy": found["accuracy"]["int8"],
            "float_accuracy": found["accuracy"]["float"],
            "macs": found["macs"],
            "sram_bytes": found["sram_bytes"]["measured"],
            "flash_bytes": found["flash_bytes"]["measured"],
            "what": f"width {subspace['width']:g}, {subspace['resolution']} px",
        }

    def _baseline(
        self, network: DrawnNetwork, cost: MemoryCost, what: str, seed: int
    ) -> dict[str, Any]:
        data = self.dataset.at(network.resolution)
        plan = TrainingPlan(
            self.effort.images, learning_rate=RATE, seed=seed, threads=available_threads()
        )
        net = trained_network(network, data, plan)
        # As many as the searched network sees where it needs this training.
        images = aware_images(self.effort.images, self.effort.supernet_images)
        aware = TrainingPlan(images, learning_rate=AWARE_RATE, seed=seed)
        result = int8_network(net, None, data, aware, reporter=Reporter("quantise", tell))
        graph = quantise_network(result.calibrated)
        return {
            "accuracy": data.test.score(classify(graph, data.test.images)),
            "float_accuracy": accuracy(net, data.test),
            "macs": network.graph.macs,
            "sram_bytes": cost.sram_bytes,
            "flash_bytes": cost.flash_bytes,
            "what": what,
        }

    def table(self) -> str:
        """A network a row, a budget a column."""
        rows = []
        for entrant in self.entrants:
            row = [entrant[0]]
            for budget in self.budgets:
                cells = [self.cell(entrant, budget, seed) for seed in range(self.seeds)]
                row += _columns([cell for cell in cells if cell is not None])
            rows.append(row)
        head = ["network"]
        for budget in self.budgets:
            head += [f"{budget} int8 %", "MACs", "SRAM", "flash", "size"]
        return markdown(head, rows)


def _columns(cells: list[Cell]) -> list[str]:
    if not cells:
        return ["does not fit", "", "", "", ""]
    values = [100 * cell.accuracy for cell in cells]
    text = f"{statistics.mean(values):.2f}"
    if len(values) > 1:
        text += f" ± {statistics.stdev(values):.2f}"
    first = cells[0]
    sizes = (f"{v:,}" for v in (first.macs, first.sram_bytes, first.flash_bytes))
    return [text, *sizes, first.what]


def parse_budget(text: str) -> Budget:
    """`SRAM:FLASH`."""
    sram, flash = text.split(":")
    return Budget(parse_bytes(sram, field="budgets"), parse_bytes(flash, field="budgets"))


def baseline_resolutions(native: int) -> list[int]:
    """Small images are enlarged for the search, too; photographs are made smaller."""
    return [native, 2 * native if native <= SMALL_IMAGES // 2 else native // 2]


def fit(
    family: Family, resolution: int, budget: Budget, dataset: Dataset, device: Device
) -> tuple[DrawnNetwork, MemoryCost, str] | None:
    """The widest of a family that fits, with its cost and its name; None if none does."""
    compiler = preferred_compiler()

    def fitted(width: float) -> tuple[DrawnNetwork, MemoryCost, str] | None:
        network = family.draw(width, resolution, dataset.input_channels, len(dataset.classes))
        if network.graph.constant_bytes > budget.flash_bytes:
            return None  # no need to plan
        _, cost = schedule_within(network.graph, budget, device.core, compiler)
        fits = cost.sram_bytes <= budget.sram_bytes and cost.flash_bytes <= budget.flash_bytes
        return (network, cost, f"width {width:g}, {network.resolution} px") if fits else None

    # Both memories grow with the width, so the widest is found by halving.
    best, low, high = None, 0, len(family.widths)
    while low < high:
        middle = (low + high) // 2
        found = fitted(sorted(family.widths)[middle])
        if found is None:
            high = middle
        else:
            best, low = found, middle + 1
    return best


if __name__ == "__main__":
    torch.set_num_threads(available_threads())
    sys.exit(main())
