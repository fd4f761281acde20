"""The winner's last training."""

from tinynas.finetune.training import finetune

__all__ = ["finetune"]
