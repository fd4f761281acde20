"""What each search engine finds with the same number of evaluations.

    python -m benchmarks.search_engines --supernet cifar10 --evaluations 150 --seeds 5 --write

On a supernet (see `reference_supernets`) at one budget.  The winner of each search is judged on
validation images that no search has seen.  What one search has measured is not measured again, so
all together take little more than one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from benchmarks.accuracy_at_budget import parse_budget
from benchmarks.ledger import WORK, Ledger, markdown, write_table
from tinynas.build import preferred_compiler
from tinynas.data import load_dataset
from tinynas.devices import load_device
from tinynas.progress import Reporter
from tinynas.search import (
    EvaluationTask,
    Feasibility,
    LocalEvaluator,
    SearchPlan,
    engine_names,
    keep_back,
    remembering,
    search,
    standard_error,
)
from tinynas.supernet import load_supernet, weights_hash


def main() -> int:
    arguments = _arguments()
    supernet, card = load_supernet(arguments.supernet)
    dataset = load_dataset(card.dataset, seed=card.seed).at(card.resolution)
    searched, held = keep_back(dataset.validation, seed=card.seed)
    held = held or searched
    recalibration = dataset.calibration_images(seed=card.seed)
    evaluators = remembering(LocalEvaluator, WORK / "accuracies.jsonl")
    task = EvaluationTask(supernet, recalibration, searched)
    final = EvaluationTask(supernet, dataset.calibration_images(2048, seed=card.seed), held)
    feasibility = Feasibility(
        supernet.subspace,
        len(card.classes),
        card.input_channels,
        parse_budget(arguments.budget),
        load_device(arguments.device),
        "all",
        preferred_compiler(),
    )
    ledger = Ledger(WORK / "search-engines.jsonl")
    rows = []
    for engine in arguments.engines.split(","):
        found = []
        for seed in range(arguments.seeds):
            plan = SearchPlan(arguments.evaluations, seed, engine)
            key = {
                "weights": weights_hash(supernet),
                "plan": repr(plan),
                "budget": arguments.budget,
                "device": arguments.device,
            }

            def run(plan: SearchPlan = plan) -> list[float]:
                started = time.monotonic()
                evaluator = evaluators(task)
                outcome = search(
                    supernet.subspace, feasibility, evaluator, plan, reporter=Reporter()
                )
                best = outcome.best
                (judged,) = evaluators(final).evaluate([best.architecture])
                seconds = time.monotonic() - started
                return [best.accuracy, judged, outcome.refused, outcome.repeated, seconds]

            found.append(ledger.get(key, run))
            print(engine, seed, found[-1], file=sys.stderr, flush=True)
        rows.append([engine, *_columns(found)])
    head = ["engine", "seen %", "held out %", "refused", "repeated"]
    text = markdown(head, rows)
    print(text)
    if arguments.write:
        error = 100 * standard_error(0.8, len(held))
        about = (
            f"Supernet `{arguments.supernet}` ({card.dataset}), {arguments.budget} on "
            f"{arguments.device}, {arguments.evaluations} evaluations, {arguments.seeds} seeds: "
            f"mean and deviation. Searched by {len(searched):,} validation images, judged by "
            f"{len(held):,} others (standard error of one accuracy {error:.2f} points)."
        )
        print(write_table(f"search-engines-{card.dataset}", "Search engines", about, text))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", required=True, help="a name or a file")
    parser.add_argument("--engines", default=",".join(engine_names()))
    parser.add_argument("--budget", default="64KB:256KB", help="SRAM:FLASH")
    parser.add_argument("--device", default="stm32f746zg")
    parser.add_argument("--evaluations", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    return parser.parse_args()


def _columns(found: list[list[float]]) -> list[str]:
    accuracies = [[100 * run[i] for run in found] for i in (0, 1)]
    texts = []
    for values in accuracies:
        text = f"{statistics.mean(values):.2f}"
        texts.append(f"{text} ± {statistics.stdev(values):.2f}" if len(values) > 1 else text)
    return [*texts, *(f"{statistics.mean(run[i] for run in found):.0f}" for i in (2, 3))]


if __name__ == "__main__":
    sys.exit(main())
