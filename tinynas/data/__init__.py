"""Labelled images: where they come from, how they are split, and how they are varied."""

from tinynas.data.augment import Augmentation
from tinynas.data.model import Dataset, Split
from tinynas.data.sources import dataset_names, load_dataset

__all__ = ["Augmentation", "Dataset", "Split", "dataset_names", "load_dataset"]
