"""Float networks that benchmarks start from: trained once, resumable, kept by what decides them."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.ledger import WORK
from tinynas.data import Dataset
from tinynas.finetune import finetune
from tinynas.progress import Event, Reporter
from tinynas.spaces import DrawnNetwork, Shape
from tinynas.supernet import DrawnNet, Subnet, Trainable, TrainingPlan


def trained_network(
    network: Shape, dataset: Dataset, plan: TrainingPlan, folder: Path = WORK
) -> Trainable:
    """`network` trained from scratch on `dataset` by `plan`; from `folder` if it has been before.

    Interrupted, it goes on from its last checkpoint.
    """
    torch.manual_seed(plan.seed)
    subnet: Trainable = DrawnNet(network) if isinstance(network, DrawnNetwork) else Subnet(network)
    # Neither how often a checkpoint is written nor on how many threads makes it another training.
    decides = (network, dataset.fingerprint, replace(plan, checkpoint_seconds=0.0, threads=1))
    key = hashlib.blake2b(repr(decides).encode(), digest_size=6).hexdigest()
    done = folder / f"float-{key}.pt"
    if not done.is_file():
        checkpoint = folder / f"float-{key}.checkpoint.pt"
        reporter = Reporter("train", tell)
        result = finetune(subnet, None, dataset, plan, checkpoint=checkpoint, reporter=reporter)
        done.parent.mkdir(parents=True, exist_ok=True)
        partial = done.with_suffix(".part")
        torch.save(result.state_dict(), partial)
        partial.replace(done)
        checkpoint.unlink(missing_ok=True)
    subnet.load_state_dict(torch.load(done, weights_only=True))
    return subnet.eval()


def tell(event: Event) -> None:
    """Progress and validation accuracy, a line each, on standard error."""
    if event.kind == "progress":
        print("{done} of {total} {unit}".format(**event.data), file=sys.stderr, flush=True)
    elif event.kind == "metric":
        values = {key: round(value, 4) for key, value in event.data["values"].items()}
        print(values, file=sys.stderr, flush=True)
