"""From the winner in float to its int8 graph, and the one look at the test split."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.data import Dataset
from tinynas.effort import aware_images
from tinynas.finetune import LEARNING_RATE, Int8Network, int8_network
from tinynas.graph.files import load_graph, save_graph
from tinynas.graph.ir import Graph
from tinynas.pipeline.curves import Curves
from tinynas.pipeline.files import read_json, write_json
from tinynas.pipeline.finish import load_subnet, teacher_of
from tinynas.pipeline.job import Job
from tinynas.pipeline.mistakes import worst_mistakes
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.pipeline.training import load_supernet, plan_key, single_plan
from tinynas.quantise import int8_outputs, noise_report, quantise_network
from tinynas.spaces import Architecture, Subspace
from tinynas.supernet import Subnet, logits

AWARE_LEARNING_RATE = LEARNING_RATE / 10
"""What is left to learn is rounding: larger steps undo what was learnt before (MCUNetV2's)."""
NOISE_IMAGES = 64


def quantise_winner(
    job: Job,
    subspace: Subspace,
    architecture: Architecture,
    trained: StepOutput,
    tuned: StepOutput,
) -> StepOutput:
    """`graph.npz`; `quantisation.json`: how it was found and what each layer lost;
    `accuracy.json` and `mistakes.json`: float and int8 on the test split, this once."""
    seen = read_json(trained.path / "effort.json")["train_images"]
    images = aware_images(job.effort.finetune_images, seen)
    plan = single_plan(job, images, AWARE_LEARNING_RATE)

    def work(step: Workspace) -> None:
        dataset = job.dataset.at(subspace.resolution_of(architecture))
        supernet = load_supernet(job, subspace, trained)
        subnet = load_subnet(job, subspace, architecture, tuned)
        curves = Curves(step.partial)
        result = int8_network(
            subnet,
            teacher_of(job, supernet, architecture, dataset),
            dataset,
            plan,
            checkpoint=step.partial / "checkpoint.pt",
            reporter=curves.reporter(step.reporter),
        )
        graph = quantise_network(result.calibrated)
        save_graph(graph, step.out / "graph.npz")
        write_json(step.out / "quantisation.json", _quantisation(result, graph, dataset))
        outputs = int8_outputs(graph, dataset.test.images)
        write_json(step.out / "accuracy.json", _accuracy(subnet, outputs, dataset))
        mistakes = worst_mistakes(graph, outputs, job.dataset.test, job.dataset.classes)
        write_json(step.out / "mistakes.json", mistakes)
        curves.save(step.out)

    inputs = job.key(finetune=tuned.key, plan=plan_key(plan))
    rooms = ("data", "finetune", "graph", "pipeline/quantising.py", "quantise", "supernet")
    return job.steps.run("quantise", inputs, work, rooms=rooms)


def _quantisation(result: Int8Network, graph: Graph, dataset: Dataset) -> dict[str, Any]:
    images = dataset.calibration_images(NOISE_IMAGES)
    layers = noise_report(result.source, graph, images)
    return {**result.to_json(), "layers": [layer.to_json() for layer in layers]}


def _accuracy(subnet: Subnet, outputs: NDArray[np.int8], dataset: Dataset) -> dict[str, Any]:
    test = dataset.test
    predicted = outputs.argmax(1)
    return {
        "float": test.score(logits(subnet, test.images).argmax(1)),
        "int8": test.score(predicted),
        "confusion": _confusion(predicted, test.labels, len(dataset.classes)).tolist(),
        "images": len(test),
        "metric": dataset.metric,
    }


def load_quantised(quantised: StepOutput) -> Graph:
    return load_graph(quantised.path / "graph.npz")


def _confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """`[i, j]`: images of class i taken for class j."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts
