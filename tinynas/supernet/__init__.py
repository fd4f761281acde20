"""Once-for-all weights: the supernet, its training, and the subnets taken from it."""

from tinynas.supernet.accelerator import compiled, training_device
from tinynas.supernet.checkpoint import write_atomically
from tinynas.supernet.drawn import DrawnNet, FloatGraph
from tinynas.supernet.evaluation import Trainable, accuracy, logits, recalibrate
from tinynas.supernet.files import (
    SupernetCard,
    find_supernet,
    known_supernets,
    load_supernet,
    read_card,
    save_supernet,
)
from tinynas.supernet.folded import FoldedNetwork
from tinynas.supernet.group import rank
from tinynas.supernet.layers import normalise
from tinynas.supernet.loop import Training, weights_hash
from tinynas.supernet.losses import share_correct, soft_cross_entropy
from tinynas.supernet.memory import freed_memory_kept
from tinynas.supernet.plan import TrainingPlan, available_threads, torch_threads
from tinynas.supernet.sorting import sort_channels
from tinynas.supernet.subnet import Subnet
from tinynas.supernet.supernet import Supernet
from tinynas.supernet.task import SupernetTask, TrainingTask, Weights
from tinynas.supernet.training import data_for, train_supernet

__all__ = [
    "DrawnNet",
    "FloatGraph",
    "FoldedNetwork",
    "Subnet",
    "Supernet",
    "SupernetCard",
    "SupernetTask",
    "Trainable",
    "Training",
    "TrainingPlan",
    "TrainingTask",
    "Weights",
    "accuracy",
    "available_threads",
    "compiled",
    "data_for",
    "find_supernet",
    "freed_memory_kept",
    "known_supernets",
    "load_supernet",
    "logits",
    "normalise",
    "rank",
    "read_card",
    "recalibrate",
    "save_supernet",
    "share_correct",
    "soft_cross_entropy",
    "sort_channels",
    "torch_threads",
    "train_supernet",
    "training_device",
    "weights_hash",
    "write_atomically",
]
