"""From a trained float network to weights and ranges for int8, by as little as it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tinynas.data import Dataset, Split
from tinynas.finetune.quantisation_aware import quantisation_aware_finetune
from tinynas.progress import Reporter
from tinynas.quantise import (
    Calibrated,
    FloatNetwork,
    Folded,
    PostTraining,
    best_post_training,
    classify,
    quantise_network,
)
from tinynas.supernet import Trainable, TrainingPlan, accuracy

ALLOWED_LOSS = 0.005
"""Half a point: what post-training quantisation may cost before training has to help."""
CALIBRATION_IMAGES = 512


@dataclass(frozen=True, eq=False)
class Int8Network:
    """What the int8 graph is made of, how it was found, and validation accuracies.

    `start` is the best without training; where that was enough, `calibrated` is its.
    """

    calibrated: Calibrated
    start: PostTraining
    method: Literal["post-training", "quantisation-aware"]
    float_accuracy: float
    int8_accuracy: float

    @property
    def source(self) -> FloatNetwork:
        """The float network that the int8 graph stands for: what its noise is measured against."""
        if self.calibrated is self.start.calibrated:
            return self.start.network
        return Folded(self.calibrated.network, self.calibrated.weights)

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "post_training": self.start.to_json(),
            "validation": {"float": self.float_accuracy, "int8": self.int8_accuracy},
        }


def int8_network(
    subnet: Trainable,
    teacher: Trainable | None,
    dataset: Dataset,
    plan: TrainingPlan,
    *,
    allowed_loss: float = ALLOWED_LOSS,
    checkpoint: Path | None = None,
    reporter: Reporter | None = None,
) -> Int8Network:
    """Post-training quantisation, and quantisation-aware fine-tuning if that loses too much.

    What is lost is measured on the validation split.  `tinynas.quantise.quantise_network` makes
    the graph of the result.

    Args:
        teacher: its opinion counts in training; `subnet` itself where None.
        plan: of the training, should it be needed.
        allowed_loss: share of the validation images, 0.005 for half a point.

    Raises:
        CancelledError, TinynasError, ValueError: as `quantisation_aware_finetune`.
    """
    reporter = reporter or Reporter("quantise")
    data = dataset.at(subnet.network.resolution)
    images = data.calibration_images(CALIBRATION_IMAGES, seed=plan.seed)
    way = best_post_training(subnet, images, reporter=reporter)
    settled = way.calibrated
    wanted = accuracy(subnet, data.validation)
    got = _accuracy(settled, data.validation, reporter)
    if wanted - got <= allowed_loss:
        return Int8Network(settled, way, "post-training", wanted, got)
    lost = f"post-training quantisation costs {100 * (wanted - got):.1f} points: training on"
    reporter.emit("log", message=lost)
    trained = quantisation_aware_finetune(
        settled, teacher or subnet, data, plan, checkpoint=checkpoint, reporter=reporter
    )
    if trained is settled:
        return Int8Network(settled, way, "post-training", wanted, got)
    got = _accuracy(trained, data.validation, reporter)
    return Int8Network(trained, way, "quantisation-aware", wanted, got)


def _accuracy(calibrated: Calibrated, split: Split, reporter: Reporter) -> float:
    graph = quantise_network(calibrated)
    return split.score(classify(graph, split.images, reporter=reporter))
