"""What each search engine finds with the same number of evaluations.

    python -m benchmarks.search_engines --supernet cifar10 --write

On a supernet (see `reference_supernets`) at one budget: every engine measures as many different
networks that fit, on the same validation images, with the same seeds.  The winner of each search
is judged on validation images that no search has seen, with more images for its statistics: that
is the column to compare engines by.  What was measured once is not measured again, and a search
that has ended not searched again.

Six engines with five seeds measure about 4,000 different networks, of 1.7 M MACs on average: about
25 minutes of one core's time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import product

from benchmarks.accuracy_at_budget import parse_budget
from benchmarks.ledger import WORK, Ledger, markdown, write_table
from tinynas.build import preferred_compiler
from tinynas.cluster import on_ray
from tinynas.data import load_dataset
from tinynas.devices import load_device
from tinynas.objectives import DEFAULT_ENGINE, ENGINES
from tinynas.pipeline import Workplace
from tinynas.progress import Reporter
from tinynas.search import (
    EvaluationTask,
    Evaluator,
    Feasibility,
    LocalEvaluator,
    SearchPlan,
    keep_back,
    remembering,
    search,
    standard_error,
)
from tinynas.spaces import Architecture
from tinynas.supernet import data_for, load_supernet, weights_hash

HEADER = ["engine", "evaluations", "seen %", "held out %", "refused", "repeated"]
STATISTICS = 2048
"""Images for the statistics of winners."""


def main() -> int:
    arguments = _arguments()
    supernet, card = load_supernet(arguments.supernet)
    dataset = data_for(supernet.subspace, load_dataset(card.dataset, seed=card.seed))
    searched, held = keep_back(dataset.validation, seed=card.seed)
    held = held or searched
    task = EvaluationTask(supernet, dataset.calibration_images(seed=card.seed), searched)
    images = dataset.calibration_images(STATISTICS, seed=card.seed)
    final = EvaluationTask(supernet, images, held)
    feasibility = Feasibility(
        supernet.subspace,
        len(card.classes),
        card.input_channels,
        parse_budget(arguments.budget),
        load_device(arguments.device),
        "all",
        preferred_compiler(),
    )
    file = WORK / "accuracies.jsonl"
    judge = remembering(LocalEvaluator, file)(final)
    ledger = Ledger(WORK / "search-engines.jsonl")
    rows = []
    with on_ray(arguments.workers) if arguments.workers else nullcontext(Workplace()) as place:
        evaluator = remembering(place.evaluators, file)(task)
        for evaluations, engine in product(arguments.evaluations, arguments.engines.split(",")):
            found = []
            for seed in range(arguments.seeds):
                plan = SearchPlan(evaluations, seed, engine)
                key = {
                    "weights": weights_hash(supernet),
                    "plan": repr(plan),
                    "budget": arguments.budget,
                    "device": arguments.device,
                    "data": dataset.fingerprint,
                }
                run = partial(searched_by, plan, feasibility, evaluator, judged_by(judge))
                found.append(ledger.get(key, run))
                print(evaluations, engine, seed, found[-1], file=sys.stderr, flush=True)
            name = f"{engine} (default)" if engine == DEFAULT_ENGINE else engine
            rows.append([name, str(evaluations), *_columns(found)])
        evaluator.close()
    text = markdown(HEADER, rows)
    print(text)
    if arguments.write:
        error = 100 * standard_error(0.8, len(held))
        about = (
            f"Supernet `{arguments.supernet}` ({card.dataset}), {arguments.budget} on "
            f"{arguments.device}, {arguments.seeds} seeds: mean and deviation. Searched by "
            f"{len(searched):,} validation images, judged by {len(held):,} others (standard error "
            f"of one accuracy {error:.2f} points)."
        )
        print(write_table(f"search-engines-{card.dataset}", "Search engines", about, text))
    return 0


def searched_by(
    plan: SearchPlan,
    feasibility: Feasibility,
    evaluator: Evaluator,
    judged: Callable[[Architecture], float],
) -> list[float]:
    """Of one search: the winner's accuracy as seen, as judged; proposals refused, repeated."""
    outcome = search(feasibility.subspace, feasibility, evaluator, plan, reporter=Reporter())
    best = outcome.best
    return [best.accuracy, judged(best.architecture), outcome.refused, outcome.repeated]


def judged_by(evaluator: Evaluator) -> Callable[[Architecture], float]:
    """One architecture's accuracy."""
    return lambda architecture: evaluator.evaluate([architecture])[0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", required=True, help="a name or a file")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--budget", default="12KB:128KB", help="SRAM:FLASH")
    parser.add_argument("--device", default="stm32f746zg")
    parser.add_argument(
        "--evaluations",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[64, 150],
        help="of every search, with commas",
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="of a Ray cluster; 0: this process")
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
