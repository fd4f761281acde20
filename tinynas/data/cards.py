"""What is known of the named data sets without reading them."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.errors import InvalidInputError


@dataclass(frozen=True)
class DatasetCard:
    """`native_resolution` is the side of an image (pixels) as the source publishes it.

    train_images: how many there are to learn from, where that is known (of uploads, about).
    """

    name: str
    classes: int
    input_channels: int
    native_resolution: int
    train_images: int | None = None


_CARDS = {
    name: DatasetCard(
        name, classes, input_channels=channels, native_resolution=side, train_images=n
    )
    for name, classes, channels, side, n in (
        ("cifar10", 10, 3, 32, 45_000),
        ("cifar100-people", 2, 3, 32, 49_000),
        ("digits", 10, 1, 8, 1_222),
        ("imagenette", 10, 3, 160, 8_522),
        ("vww", 2, 3, 128, 109_250),
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
