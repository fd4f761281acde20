"""Labelled images: where they come from, how they are split, and how they are varied."""

from tinynas.data.augment import Augmentation
from tinynas.data.digits import load_digits
from tinynas.data.model import Dataset, Split

__all__ = ["Augmentation", "Dataset", "Split", "load_digits"]
