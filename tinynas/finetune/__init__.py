"""The winner's last training."""

from tinynas.finetune.int8 import Int8Network, int8_network
from tinynas.finetune.quantisation_aware import quantisation_aware_finetune
from tinynas.finetune.training import LEARNING_RATE, WEIGHTS, Finetuned, FinetuneTask, finetune

__all__ = [
    "LEARNING_RATE",
    "WEIGHTS",
    "FinetuneTask",
    "Finetuned",
    "Int8Network",
    "finetune",
    "int8_network",
    "quantisation_aware_finetune",
]
