"""MCUNet's published networks (arXiv:2007.10319; github.com/mit-han-lab/mcunet, its model zoo).

Five for ImageNet and three for Visual Wake Words, each found under another budget.  Rows as in
`benchmarks.baselines.inverted`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.baselines.inverted import Row, draw
from tinynas.spaces import DrawnNetwork


@dataclass(frozen=True)
class Published:
    """Channels of the stem, the side of the images that it was made for (pixels), blocks."""

    stem: int
    resolution: int
    rows: tuple[Row, ...]


MCUNETS: dict[str, Published] = {
    "mcunet-in0": Published(
        24,
        48,
        (
            (1, 16, 1, 1, 3),
            (4, 16, 1, 2, 5),
            (3, 16, 1, 1, 3),
            (4, 16, 1, 1, 3),
            (5, 24, 1, 2, 7),
            (4, 24, 1, 1, 5),
            (5, 24, 1, 1, 5),
            (5, 48, 1, 2, 7),
            (4, 48, 1, 1, 5),
            (5, 56, 1, 1, 3),
            (4, 56, 1, 1, 5),
            (5, 56, 1, 1, 3),
            (6, 112, 1, 2, 3),
            (4, 112, 1, 1, 5),
            (6, 192, 1, 1, 3),
        ),
    ),
    "mcunet-in1": Published(
        16,
        96,
        (
            (1, 8, 1, 1, 3),
            (4, 16, 1, 2, 3),
            (3, 16, 1, 1, 3),
            (3, 24, 1, 2, 7),
            (5, 24, 1, 1, 3),
            (5, 40, 1, 2, 3),
            (4, 40, 1, 1, 7),
            (4, 48, 1, 1, 5),
            (3, 48, 1, 1, 3),
            (4, 48, 1, 1, 3),
            (5, 96, 1, 2, 7),
            (4, 96, 2, 1, 5),
            (6, 160, 1, 1, 3),
        ),
    ),
    "mcunet-in2": Published(
        16,
        160,
        (
            (1, 8, 1, 1, 3),
            (3, 16, 1, 2, 5),
            (6, 16, 1, 1, 7),
            (5, 16, 1, 1, 3),
            (5, 16, 1, 1, 5),
            (5, 24, 1, 2, 3),
            (6, 24, 1, 1, 7),
            (6, 24, 1, 1, 5),
            (4, 40, 1, 2, 7),
            (5, 40, 1, 1, 5),
            (5, 48, 1, 1, 3),
            (5, 48, 1, 1, 5),
            (4, 48, 1, 1, 3),
            (6, 96, 1, 2, 5),
            (4, 96, 1, 1, 5),
            (3, 96, 1, 1, 5),
            (4, 96, 1, 1, 3),
            (5, 160, 1, 1, 5),
        ),
    ),
    "mcunet-in3": Published(
        16,
        176,
        (
            (1, 8, 1, 1, 3),
            (3, 16, 1, 2, 7),
            (5, 16, 1, 1, 3),
            (5, 16, 1, 1, 7),
            (4, 16, 1, 1, 5),
            (5, 24, 1, 2, 5),
            (5, 24, 2, 1, 5),
            (5, 40, 1, 2, 3),
            (6, 40, 1, 1, 7),
            (4, 40, 1, 1, 5),
            (5, 48, 1, 1, 5),
            (5, 48, 1, 1, 7),
            (5, 48, 1, 1, 3),
            (6, 96, 1, 2, 3),
            (5, 96, 1, 1, 7),
            (4, 96, 1, 1, 3),
            (5, 160, 1, 1, 7),
        ),
    ),
    "mcunet-in4": Published(
        32,
        160,
        (
            (1, 16, 1, 1, 3),
            (3, 24, 1, 2, 7),
            (5, 24, 1, 1, 3),
            (4, 24, 1, 1, 5),
            (5, 40, 1, 2, 7),
            (4, 40, 1, 1, 3),
            (4, 40, 1, 1, 7),
            (3, 80, 1, 2, 7),
            (3, 80, 1, 1, 3),
            (3, 80, 1, 1, 7),
            (4, 96, 1, 1, 3),
            (3, 96, 2, 1, 5),
            (4, 192, 1, 2, 7),
            (3, 192, 1, 1, 7),
            (3, 192, 1, 1, 5),
            (4, 320, 1, 1, 5),
        ),
    ),
    "mcunet-vww0": Published(
        16,
        64,
        (
            (1, 8, 1, 1, 3),
            (6, 16, 1, 2, 5),
            (4, 16, 1, 1, 3),
            (5, 24, 1, 2, 3),
            (4, 24, 2, 1, 3),
            (5, 40, 1, 2, 3),
            (4, 40, 1, 1, 3),
            (3, 40, 1, 1, 7),
            (3, 48, 1, 1, 3),
            (4, 48, 1, 1, 3),
            (5, 96, 1, 2, 7),
            (5, 96, 1, 1, 5),
            (4, 160, 1, 1, 7),
        ),
    ),
    "mcunet-vww1": Published(
        16,
        80,
        (
            (1, 8, 1, 1, 3),
            (6, 16, 1, 2, 3),
            (3, 16, 2, 1, 3),
            (3, 24, 1, 2, 7),
            (6, 24, 1, 1, 3),
            (5, 24, 1, 1, 5),
            (6, 40, 1, 2, 7),
            (6, 40, 1, 1, 7),
            (6, 48, 1, 1, 3),
            (4, 48, 1, 1, 3),
            (5, 96, 1, 2, 5),
            (5, 96, 1, 1, 3),
            (4, 96, 1, 1, 3),
            (3, 160, 1, 1, 7),
        ),
    ),
    "mcunet-vww2": Published(
        16,
        144,
        (
            (1, 8, 1, 1, 3),
            (3, 16, 1, 2, 3),
            (5, 16, 1, 1, 3),
            (6, 16, 1, 1, 5),
            (3, 16, 1, 1, 3),
            (5, 24, 1, 2, 7),
            (4, 24, 1, 1, 5),
            (4, 24, 1, 1, 3),
            (6, 24, 1, 1, 7),
            (6, 40, 1, 2, 3),
            (6, 40, 1, 1, 7),
            (4, 40, 1, 1, 5),
            (5, 40, 1, 1, 3),
            (5, 48, 1, 1, 5),
            (3, 48, 1, 1, 5),
            (4, 48, 1, 1, 3),
            (3, 48, 1, 1, 5),
            (4, 96, 1, 2, 3),
            (5, 96, 1, 1, 5),
            (4, 96, 1, 1, 5),
            (4, 96, 1, 1, 3),
            (5, 160, 1, 1, 3),
        ),
    ),
}


def mcunet(name: str) -> Callable[[float, int, int, int], DrawnNetwork]:
    """`draw` of a baseline's family."""
    found = MCUNETS[name]

    def drawn(width: float, resolution: int, channels: int, classes: int) -> DrawnNetwork:
        return draw(
            *(found.rows, found.stem, 0, width, resolution, channels, classes),
            published=found.resolution,
        )

    return drawn
