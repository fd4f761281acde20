"""Once-for-all weights: the supernet, its training, and the subnets taken from it."""

from tinynas.supernet.evaluation import accuracy, logits, recalibrate
from tinynas.supernet.files import (
    SupernetCard,
    find_supernet,
    load_supernet,
    read_card,
    save_supernet,
)
from tinynas.supernet.folded import FoldedNetwork
from tinynas.supernet.layers import normalise
from tinynas.supernet.loop import Training, weights_hash
from tinynas.supernet.losses import share_correct, soft_cross_entropy
from tinynas.supernet.plan import TrainingPlan, available_threads, torch_threads
from tinynas.supernet.subnet import Subnet
from tinynas.supernet.supernet import Supernet
from tinynas.supernet.training import images_per_second, train_supernet

__all__ = [
    "FoldedNetwork",
    "Subnet",
    "Supernet",
    "SupernetCard",
    "Training",
    "TrainingPlan",
    "accuracy",
    "available_threads",
    "find_supernet",
    "images_per_second",
    "load_supernet",
    "logits",
    "normalise",
    "read_card",
    "recalibrate",
    "save_supernet",
    "share_correct",
    "soft_cross_entropy",
    "torch_threads",
    "train_supernet",
    "weights_hash",
]
