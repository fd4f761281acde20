"""Trains the supernets that others start from, and writes them with their cards.

    python -m benchmarks.reference_supernets --names cifar10,imagenette,cifar100-people

Each becomes `out/benchmarks/supernets/NAME.safetensors` (16-bit floats) and NAME.md; a copy in the
folder `supernets` of `TINYNAS_DATA_DIR` is what `tinynas search --supernet NAME` finds.
Interrupted, it goes on from the last checkpoint.

Minutes to an hour on a GPU.  Two cores would take most of a day for CIFAR-10 as it is; a narrower
supernet that has seen fewer images, from which the other benchmarks can start, takes one core about
an hour:

    python -m benchmarks.reference_supernets --names cifar10 --width 0.75 --images 400000 --batch 64
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.ledger import WORK, provenance
from benchmarks.trained import tell
from tinynas.data import load_dataset
from tinynas.progress import Reporter
from tinynas.request import RECIPES as WAYS
from tinynas.search import standard_error
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import (
    Supernet,
    SupernetCard,
    TrainingPlan,
    accuracy,
    available_threads,
    recalibrate,
    save_supernet,
    train_supernet,
)

FOLDER = WORK / "supernets"
LARGEST_FILE = 5_000_000
"""Bytes up to which a supernet may lie in the repository."""


@dataclass(frozen=True)
class Recipe:
    """A subspace that suits budgets of 64 to 320 KB, and how long it is trained."""

    space: str
    width: float
    resolution: int
    images: int


RECIPES = {
    "cifar10": Recipe("tiny", 1.25, 32, 6_000_000),
    "cifar100-people": Recipe("tiny", 1.0, 32, 4_000_000),
    "imagenette": Recipe("mcunet", 0.5, 128, 3_000_000),
}


def main() -> int:
    arguments = _arguments()
    for name in _known(arguments.names.split(",")):
        recipe = RECIPES[name]
        given = {"images": arguments.images, "width": arguments.width}
        recipe = replace(recipe, **{key: value for key, value in given.items() if value})
        path = make(name, recipe, seed=arguments.seed, batch=arguments.batch, way=arguments.recipe)
        size = path.stat().st_size
        fits = "may be committed" if size < LARGEST_FILE else "too large for the repository"
        print(f"{path}: {size:,} bytes, {fits}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", default=",".join(RECIPES))
    parser.add_argument("--images", type=int, help="of training, in place of the recipe's")
    parser.add_argument("--width", type=float, help="multiplier, in place of the recipe's")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--recipe", default="sandwich", choices=WAYS)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _known(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in RECIPES]
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}; known are {', '.join(RECIPES)}")
    return names


def make(
    name: str,
    recipe: Recipe,
    *,
    seed: int,
    batch: int,
    way: str = "sandwich",
    folder: Path = FOLDER,
) -> Path:
    """The file of a trained supernet, with its card beside it."""
    dataset = load_dataset(name, seed=seed).at(recipe.resolution)
    subspace = Subspace(load_space(recipe.space), recipe.width, recipe.resolution)
    supernet = Supernet(subspace, len(dataset.classes), dataset.input_channels, seed=seed)
    plan = TrainingPlan(
        recipe.images,
        batch_size=batch,
        random_subnets=2,
        average=0.999,
        recipe=way,
        seed=seed,
        threads=available_threads(),
    )
    checkpoint = folder / f"{name}.checkpoint.pt"
    reporter = Reporter("supernet", tell)
    train_supernet(supernet, dataset, plan, checkpoint=checkpoint, reporter=reporter)
    found = {}
    space = subspace.space
    for size, architecture in (("largest", space.largest), ("smallest", space.smallest)):
        subnet = supernet.subnet(architecture)
        recalibrate(subnet, dataset.calibration_images(2048, seed=seed))
        found[size] = accuracy(subnet, dataset.validation)
    card = SupernetCard(
        space=space.name,
        width=subspace.width,
        resolution=subspace.resolution,
        classes=dataset.classes,
        input_channels=dataset.input_channels,
        dataset=dataset.name,
        train_images=plan.images,
        seed=seed,
        recipe=repr(replace(plan, threads=1)),
        accuracies=found,
    )
    path = folder / f"{name}.safetensors"
    save_supernet(supernet, card, path, half=True)
    (folder / f"{name}.md").write_text(card_text(card, len(dataset.validation)))
    return path


def card_text(card: SupernetCard, images: int) -> str:
    """The card for people."""
    facts = [
        ("data", f"{card.dataset}, {len(card.classes)} classes, {card.resolution} pixels"),
        ("subspace", f"{card.space}, width {card.width:g}"),
        ("training", f"{card.train_images:,} images, seed {card.seed}"),
        ("recipe", f"`{card.recipe}`"),
        *(
            (f"{size}, validation", f"{100 * a:.2f}% ± {100 * standard_error(a, images):.2f}")
            for size, a in card.accuracies.items()
        ),
        *provenance().items(),
    ]
    lines = "\n".join(f"- {name}: {value}" for name, value in facts)
    return f"# Supernet {card.dataset}\n\n{lines}\n"


if __name__ == "__main__":
    sys.exit(main())
