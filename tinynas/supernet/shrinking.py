"""Progressive shrinking (once-for-all, arXiv:1908.09791, section 3.3): the largest network first,
then kernels may be smaller, then depths, then expansions, then widths.

Each phase is a training of its own over a share of the images, with a warm-up and a cosine; before
expansions open, channels are sorted by importance.  In every step of a later phase, random
architectures of what is open learn from the labels and from what the largest says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, autograd
from torch.nn import functional

from tinynas.data import Dataset
from tinynas.progress import Reporter
from tinynas.spaces import Architecture, SearchSpace
from tinynas.supernet.loop import Training, Watch
from tinynas.supernet.losses import share_correct, soft_cross_entropy
from tinynas.supernet.plan import TrainingPlan
from tinynas.supernet.sorting import sort_channels
from tinynas.supernet.supernet import Supernet

ORDER = ("kernel", "depth", "expansion", "width")
"""In which kinds of genes open."""
LARGEST_SHARE = 1 / 3
"""Of the images: the largest alone, as MCUNet has it (then twice as long for the rest)."""
LATER_RATE = 0.5
"""Of the plan's learning rate, for the phases after the first: they start from good weights."""
TEACHER_SHARE = 0.5
_ARCHITECTURES = 5  # random stream of the seed


def shrink_progressively(
    supernet: Supernet,
    dataset: Dataset,
    plan: TrainingPlan,
    *,
    checkpoint: Path | None,
    reporter: Reporter,
    watch: Watch | None,
    until: float = 1.0,
) -> None:
    """All phases, in place; each with a checkpoint of its own, so that resuming is exact.  `until`
    is a share of them all.

    Raises: as `train_supernet`.
    """
    phases = _phases(supernet.subspace.space)
    start = 0
    for number, (opened, end) in enumerate(zip(phases, _ends(plan.images, phases), strict=True)):
        if opened[-1:] == ("expansion",):
            sort_channels(supernet)
        done, share = start / plan.images, (end - start) / plan.images
        if done >= until:
            return
        if not share:  # of a handful of images
            continue
        phase = _Phase(
            supernet,
            replace(
                plan,
                images=end - start,
                learning_rate=plan.learning_rate * (LATER_RATE if number else 1.0),
            ),
            opened,
        )
        Training(
            name="supernet",
            module=supernet,
            backward=phase.backward,
            dataset=dataset,
            plan=phase.plan,
            identity=(supernet.subspace, supernet.classes, supernet.input_channels, opened),
            checkpoint=None if checkpoint is None else _numbered(checkpoint, number),
            reporter=reporter,
            until=min(1.0, (until - done) / share) if until < 1 else 1.0,
            resolutions=supernet.subspace.space.searched_resolutions,
            watch=watch,
            before=start,
            total=plan.images,
        ).run()
        start = end


def _ends(images: int, phases: Sequence[tuple[str, ...]]) -> list[int]:
    """The images that have been seen at the end of each phase."""
    rest = (1 - LARGEST_SHARE) / max(1, len(phases) - 1)
    ends = [round(images * (LARGEST_SHARE + i * rest)) for i in range(len(phases))]
    return [*ends[:-1], images]


def _numbered(checkpoint: Path, number: int) -> Path:
    return checkpoint.with_name(f"{checkpoint.stem}-{number}{checkpoint.suffix}")


def _phases(space: SearchSpace) -> list[tuple[str, ...]]:
    """What is open in each phase: nothing first, then one kind more each time that has choices."""
    searched = {g.name.rsplit(".", 1)[-1] for g in space.genes if len(g.choices) > 1}
    kinds = [kind for kind in ORDER if kind in searched]
    return [tuple(kinds[:count]) for count in range(len(kinds) + 1)]


@dataclass
class _Phase:
    supernet: Supernet
    plan: TrainingPlan
    opened: tuple[str, ...]

    def backward(self, images: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        if not self.opened:
            return self._largest(images, labels)
        with torch.no_grad():
            space = self.supernet.subspace.space
            target = functional.softmax(self.supernet(images, space.largest), dim=1)
        sampled = self._sample(1 + self.plan.random_subnets, step)
        measures = {"sampled_loss": 0.0, "sampled_accuracy": 0.0}
        for architecture in sampled:
            logits = self.supernet(images, architecture)
            hard = functional.cross_entropy(
                logits, labels, label_smoothing=self.plan.label_smoothing
            )
            soft = soft_cross_entropy(logits, target)
            loss = (1 - TEACHER_SHARE) * hard + TEACHER_SHARE * soft
            autograd.backward(loss / len(sampled))
            measures["sampled_loss"] += loss.item() / len(sampled)
            measures["sampled_accuracy"] += share_correct(logits, labels) / len(sampled)
        return measures

    def _largest(self, images: Tensor, labels: Tensor) -> Mapping[str, float]:
        logits = self.supernet(images, self.supernet.subspace.space.largest)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.plan.label_smoothing)
        autograd.backward(loss)
        return {"largest_loss": loss.item(), "largest_accuracy": share_correct(logits, labels)}

    def _sample(self, count: int, step: int) -> list[Architecture]:
        """Random in what is open, the largest in the rest."""
        space = self.supernet.subspace.space
        rng = np.random.default_rng([self.plan.seed, _ARCHITECTURES, len(self.opened), step])
        rows = np.stack([rng.integers(0, len(g.choices), count) for g in space.genes], axis=1)
        largest = np.array([int(np.argmax(g.choices)) for g in space.genes])
        shut = [g.name.rsplit(".", 1)[-1] not in self.opened for g in space.genes]
        rows[:, shut] = largest[shut]
        return Architecture.of_rows(space, rows)
