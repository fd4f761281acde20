"""How pixels of a data set become a network's input bytes."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Quantisation, Tensor
from tinynas.simulate.accuracy import Normalisation

PIXELS = np.arange(256, dtype=np.uint8)


def _input(scale: float, zero_point: int) -> Tensor:
    return Tensor("image", (1, 4, 4, 3), quantisation=Quantisation((scale,), zero_point))


@pytest.mark.parametrize(
    ("mean", "std", "scale", "zero_point"),
    [(0, 255, 1 / 255, -128), (127.5, 127.5, 2 / 255, 0), (0, 1, 1.0, -128)],
)
def test_the_usual_ranges_are_a_pixel_a_step(
    mean: float, std: float, scale: float, zero_point: int
) -> None:
    found = Normalisation(mean, std).quantised(PIXELS, _input(scale, zero_point))
    away = found.astype(int) - (PIXELS.astype(int) - 128)
    assert np.abs(away).max() <= (zero_point == 0)  # halves: -127.5 lies between two steps


def test_what_lies_beyond_the_input_range_saturates() -> None:
    found = Normalisation(100, 50).quantised(PIXELS, _input(1 / 64, 0))
    assert (found[0], found[100], found[-1]) == (-128, 0, 127)
    assert found[110] == np.rint((110 - 100) / 50 * 64)


@pytest.mark.parametrize(("mean", "std"), [(0, 0), (0, -1), (float("nan"), 1)])
def test_a_normalisation_that_is_none_is_refused(mean: float, std: float) -> None:
    with pytest.raises(InvalidInputError, match="normalised"):
        Normalisation(mean, std)
