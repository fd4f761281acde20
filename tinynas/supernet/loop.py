"""The training loop that supernets and fine-tuning share: one optimiser step after another."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from tinynas.data import Dataset
from tinynas.errors import CancelledError, TinynasError
from tinynas.progress import Reporter
from tinynas.supernet import checkpoint as files
from tinynas.supernet.accelerator import precision, training_device
from tinynas.supernet.average import WeightAverage
from tinynas.supernet.batches import Batches
from tinynas.supernet.curve import Curve
from tinynas.supernet.group import average_gradients, part, rank, workers
from tinynas.supernet.memory import freed_memory_kept
from tinynas.supernet.plan import TrainingPlan, torch_threads

Backward: TypeAlias = Callable[[Tensor, Tensor, int], Mapping[str, float]]
"""(images, labels, step) -> measures; leaves gradients behind.  Names that end in `loss` are
checked: a loss that is not a number stops the training."""

Watch: TypeAlias = Callable[[int], Mapping[str, float]]
"""step -> further measures, taken a few times in a training, e.g. on validation images."""

WATCHES = 5


@dataclass
class Training:
    """One run of a plan: `module` is trained in place, by one worker or by several at once (see
    `tinynas.supernet.group`).

    `name` says in events and messages what is trained.  `identity` is whatever the result depends
    on beside plan, data and initial weights; a checkpoint where any of these was different is not
    continued.  `until` is a share of the plan's steps: a training that ended there goes on from its
    checkpoint as if it had not.  `before` and `total` count images where the plan is a part of a
    longer training: what was seen before it, and what is seen in all.  With `resolutions` (pixels)
    each batch has one of them, otherwise the data set's.
    """

    name: str
    module: nn.Module
    backward: Backward
    dataset: Dataset
    plan: TrainingPlan
    identity: object
    checkpoint: Path | None
    reporter: Reporter
    until: float = 1.0
    resolutions: tuple[int, ...] = ()
    watch: Watch | None = None
    before: int = 0
    total: int | None = None
    device: torch.device = field(default_factory=training_device)

    def run(self) -> None:
        """Train to the end of the plan, from the checkpoint if there is one.

        Raises:
            CancelledError: the reporter said so; the checkpoint holds the last step.
            TinynasError: a loss is not a number (the checkpoint holds an earlier, good step), or
                a batch does not fit the memory; says which would.
        """
        with torch_threads(self.plan.threads), freed_memory_kept():
            self._key = self._hash()
            self.module.to(self.device)
            self._optimiser = _optimiser(self.module, self.plan)
            self._average = WeightAverage(self.module, self.plan.average)
            try:
                self._steps(self._restore())
            finally:
                self.module.to("cpu")
            if self.plan.average:
                self._average.copy_to(self.module)

    def _steps(self, start: int) -> None:
        plan = self.plan
        batches = Batches(self.dataset, plan.batch_size, plan.seed, self.resolutions)
        curve = Curve(self.name, plan, self.reporter, self.before, self.total)
        self._saved_at = time.monotonic()
        self._stopping = False
        self.module.train()
        end = math.ceil(self.until * plan.steps)
        for step in range(start, end):
            self._stop_if_cancelled(step)
            curve.add(step, self._step(batches, step))
            if self.watch is not None and _due(step + 1, plan.steps, WATCHES):
                curve.point(step, self.watch(step))
                self.module.train()
        if start < end:
            self._save(end)

    def _step(self, batches: Batches, step: int) -> Mapping[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = self.plan.learning_rate_at(step)
        self._optimiser.zero_grad(set_to_none=True)
        images, labels = (part(x).to(self.device) for x in batches(step))
        measures = self._measured(images, labels, step)
        self._check(measures, step)
        self._stopping = average_gradients(self.module, self.reporter.cancelled())
        # Only here are the weights known to be good; gradients are computed anew on resuming.
        if time.monotonic() - self._saved_at >= self.plan.checkpoint_seconds:
            self._save(step)
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), self.plan.clip_norm)
        self._check({"norm of the gradients": norm.item()}, step)
        self._optimiser.step()
        if self.plan.average:
            self._average.update(self.module)
        return measures

    def _measured(self, images: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        """Gradients of a batch; in 16 bits where a GPU is fast at that."""
        try:
            with precision(self.device):
                return self.backward(images, labels, step)
        except (RuntimeError, MemoryError) as error:
            if not _is_shortage(error):
                raise
            # Of a worker's own part; what can be set is the batch of all of them.
            given, fits = (
                n * workers() for n in (len(images), self._largest_that_fits(images, labels, step))
            )
            advice = f"{fits} fits" if fits else f"not even {2 * workers()} images fit"
            raise TinynasError(
                f"training of the {self.name}: a batch of {given} images does not fit the "
                f"memory of the {self.device.type}; {advice}",
                field="training.batch_size",
                given=given,
                allowed=f"{2 * workers()} to {fits}" if fits else "more memory",
                fits=fits,
            ) from error

    def _largest_that_fits(self, images: Tensor, labels: Tensor, step: int) -> int:
        """Half the batch, a quarter, ...: the first that can be trained with; 0 if none can."""
        size = len(images) // 2
        while size >= 2:
            self._optimiser.zero_grad(set_to_none=True)
            try:
                with precision(self.device):
                    self.backward(images[:size], labels[:size], step)
                return size
            except (RuntimeError, MemoryError) as error:
                if not _is_shortage(error):
                    raise
            size //= 2
        return 0

    def _check(self, measures: Mapping[str, float], step: int) -> None:
        for key, value in measures.items():
            checked = key.endswith(("loss", "gradients"))
            if checked and not math.isfinite(value):
                raise TinynasError(
                    f"training of the {self.name} diverged: {key} is {value} at step {step} of "
                    f"{self.plan.steps} (learning rate {self.plan.learning_rate_at(step):.2g}); "
                    "a smaller training.learning_rate may help",
                    step=step,
                    measure=key,
                )

    def _stop_if_cancelled(self, step: int) -> None:
        """Alone, at once; of several workers, all after the step in which one was told to."""
        stopping = self._stopping if workers() > 1 else self.reporter.cancelled()
        if stopping:
            self._save(step)
            raise CancelledError(f"{self.reporter.step}: cancelled")

    def _hash(self) -> str:
        plan = asdict(self.plan)
        del plan["checkpoint_seconds"]
        weights = weights_hash(self.module)
        who = (self.name, self.identity, self.resolutions, workers())
        parts = (*who, sorted(plan.items()), self.dataset.fingerprint, weights)
        return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()

    def _save(self, step: int) -> None:
        if self.checkpoint is not None and rank() == 0:
            state = {
                "key": self._key,
                "step": step,
                "module": self.module.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "average": self._average.state() if self.plan.average else None,
            }
            files.write_atomically(state, self.checkpoint)
            self._saved_at = time.monotonic()

    def _restore(self) -> int:
        """The step to go on with."""
        if self.checkpoint is None or not self.checkpoint.is_file():
            return 0
        state = files.read(self.checkpoint)
        if state.get("key") != self._key:
            message = f"{self.checkpoint.name} is of another training; starting anew"
            self.reporter.emit("log", message=message)
            return 0
        self.module.load_state_dict(state["module"])
        self._optimiser.load_state_dict(state["optimiser"])
        if self.plan.average:
            self._average.load(state["average"])
        return int(state["step"])


def weights_hash(module: nn.Module) -> str:
    """Hash (hex) of a module's parameters and statistics."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in module.state_dict().items():
        digest.update(f"{name}{tuple(value.shape)}".encode())
        digest.update(value.detach().contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()


def _is_shortage(error: Exception) -> bool:
    """Whether memory ran out: torch says so in a class of its own for a GPU, in words else."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return "not enough memory" in text or "can't allocate memory" in text


def _due(done: int, total: int, times: int) -> bool:
    """Whether `done` of `total` steps completes another of `times` equal parts."""
    return done * times // total > (done - 1) * times // total


def _optimiser(module: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    """AdamW; batch norm and biases do not decay."""
    decaying = [p for p in module.parameters() if p.dim() > 1]
    others = [p for p in module.parameters() if p.dim() <= 1]
    groups = [
        {"params": decaying, "weight_decay": plan.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate)
