"""What is known of the named data sets without reading them."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.errors import InvalidInputError


@dataclass(frozen=True)
class DatasetCard:
    """`native_resolution` is the side of an image (pixels) as the source publishes it."""

    name: str
    classes: int
    input_channels: int
    native_resolution: int


_CARDS = {
    card.name: card
    for card in (
        DatasetCard("cifar10", classes=10, input_channels=3, native_resolution=32),
        DatasetCard("cifar100-people", classes=2, input_channels=3, native_resolution=32),
        DatasetCard("digits", classes=10, input_channels=1, native_resolution=8),
        DatasetCard("imagenette", classes=10, input_channels=3, native_resolution=160),
        DatasetCard("vww", classes=2, input_channels=3, native_resolution=128),
    )
}


def dataset_cards() -> list[DatasetCard]:
    """The cards of all named data sets, by name."""
    return list(_CARDS.values())


def dataset_card(name: str) -> DatasetCard:
    """The card of the data set with this (case-insensitive) name.

    Raises:
        InvalidInputError: no named data set is called so.
    """
    card = _CARDS.get(name.lower())
    if card is None:
        raise InvalidInputError(
            f"no data set is called {name!r}; known are {', '.join(_CARDS)}",
            field="dataset",
            given=name,
            allowed=list(_CARDS),
        )
    return card
