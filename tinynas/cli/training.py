"""The options that set a training's hyperparameters, of whatever command trains."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

BatchSize: TypeAlias = Annotated[int | None, typer.Option(help="Images a training step.")]
LearningRate: TypeAlias = Annotated[
    float | None, typer.Option(help="Peak of the supernet's; fine-tuning follows in proportion.")
]
WeightDecay: TypeAlias = Annotated[float | None, typer.Option(help="Of weights, in training.")]
LabelSmoothing: TypeAlias = Annotated[
    float | None, typer.Option(help="Share of a label that all classes are given.")
]
Warmup: TypeAlias = Annotated[
    float | None, typer.Option(help="Share of the supernet's steps in which the rate rises.")
]
Average: TypeAlias = Annotated[
    float | None, typer.Option(help="Decay a step of the moving average of its weights.")
]
