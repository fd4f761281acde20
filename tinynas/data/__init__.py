"""Labelled images: where they come from, how they are split, and how they are varied."""

from tinynas.data.augment import Augmentation
from tinynas.data.cards import DatasetCard, dataset_card, dataset_cards
from tinynas.data.model import Dataset, Split
from tinynas.data.sources import dataset_names, load_dataset
from tinynas.data.summary import DatasetSummary, summarise

__all__ = [
    "Augmentation",
    "Dataset",
    "DatasetCard",
    "DatasetSummary",
    "Split",
    "dataset_card",
    "dataset_cards",
    "dataset_names",
    "load_dataset",
    "summarise",
]
