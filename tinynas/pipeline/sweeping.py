"""Hyper-parameters of a supernet's training, tried against each other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from tinynas.contest import Contest, Standing
from tinynas.data import Dataset
from tinynas.errors import InvalidInputError
from tinynas.pipeline.files import write_json
from tinynas.pipeline.workplace import Workplace
from tinynas.progress import Event, Reporter
from tinynas.spaces import Subspace
from tinynas.supernet import (
    Supernet,
    TrainingPlan,
    accuracy,
    recalibrate,
    torch_threads,
    train_supernet,
)

SWEPT = ("learning_rate", "weight_decay", "label_smoothing", "warmup", "average")
"""What of a plan may be swept."""


@dataclass(frozen=True)
class Trial:
    """A supernet's training by one plan; competes by the mean validation accuracy of its largest
    and its smallest network."""

    subspace: Subspace
    dataset: Dataset
    plan: TrainingPlan

    def train(self, share: float, folder: Path, reporter: Reporter) -> float:
        dataset = self.dataset.at(self.subspace.resolution)
        classes, channels = len(dataset.classes), dataset.input_channels
        supernet = Supernet(self.subspace, classes, channels, seed=self.plan.seed)
        train_supernet(
            supernet,
            dataset,
            self.plan,
            checkpoint=folder / "checkpoint.pt",
            reporter=reporter,
            until=share,
        )
        images = dataset.calibration_images(seed=self.plan.seed)
        found = []
        with torch_threads(self.plan.threads):
            for architecture in (self.subspace.space.largest, self.subspace.space.smallest):
                subnet = supernet.subnet(architecture)
                recalibrate(subnet, images)
                found.append(accuracy(subnet, dataset.validation))
        return float(np.mean(found))


@dataclass(frozen=True)
class Sweep:
    """What was tried, how each ended, and which is best; `sweep.json` in its folder."""

    settings: list[dict[str, float]]
    standings: list[Standing]
    best: int

    def to_json(self) -> dict[str, Any]:
        rows = zip(self.settings, self.standings, strict=True)
        return {
            "best": self.settings[self.best],
            "trials": [{**values, **asdict(standing)} for values, standing in rows],
        }


def sweep(
    subspace: Subspace,
    dataset: Dataset,
    plan: TrainingPlan,
    values: Mapping[str, Sequence[float]],
    folder: Path,
    *,
    reporter: Reporter | None = None,
    place: Workplace | None = None,
) -> Sweep:
    """Try every combination of `values` in `plan`; who falls behind is stopped early.

    The same call goes on where it was interrupted.  Each trial has one thread, so `place` changes
    nothing in the result.

    Raises:
        InvalidInputError: nothing to try, a name that is not swept, or a value out of its range.
        and as `train_supernet`.
    """
    unknown = [name for name in values if name not in SWEPT]
    if unknown or not any(values.values()):
        raise InvalidInputError(
            f"{', '.join(unknown)} cannot be swept"
            if unknown
            else f"a sweep needs values to try, of one or more of {', '.join(SWEPT)}",
            field=unknown[0] if unknown else "values",
            given=sorted(values),
            allowed=list(SWEPT),
        )
    names = [name for name in values if values[name]]
    settings = [
        dict(zip(names, point, strict=True)) for point in product(*(values[n] for n in names))
    ]
    plans = [replace(plan, threads=1, **setting) for setting in settings]  # type: ignore[arg-type]
    contest = Contest(tuple(Trial(subspace, dataset, p) for p in plans))
    # Trials of other plans or data that the folder may hold are none of this sweep's.
    key = repr((subspace, dataset.fingerprint, plans))
    own = folder / f"trials-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    own.mkdir(parents=True, exist_ok=True)
    reporter = _without_curves(reporter or Reporter("supernet"))
    standings = (place or Workplace()).compete(contest, own, reporter)
    found = Sweep(settings, standings, contest.winner(standings))
    write_json(folder / "sweep.json", found.to_json())
    return found


def _without_curves(reporter: Reporter) -> Reporter:
    """Curves of many trainings at once are nobody's to draw."""

    def listen(event: Event) -> None:
        if event.kind != "metric":
            reporter.listener(event)

    return replace(reporter, listener=listen)
