"""The winner's last training."""

from tinynas.finetune.quantisation_aware import quantisation_aware_finetune
from tinynas.finetune.training import finetune

__all__ = ["finetune", "quantisation_aware_finetune"]
