"""Labelled images: where they come from, how they are split, and how they are varied."""

from tinynas.data.augment import Augmentation
from tinynas.data.cards import DatasetCard, dataset_card, dataset_cards
from tinynas.data.model import Dataset, Split
from tinynas.data.sources import dataset_names, load_dataset

__all__ = [
    "Augmentation",
    "Dataset",
    "DatasetCard",
    "Split",
    "dataset_card",
    "dataset_cards",
    "dataset_names",
    "load_dataset",
]
