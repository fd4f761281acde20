"""The contract that every range estimator passes, and what is special about each."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.quantise.estimators import Estimator, choose_range
from tinynas.quantise.estimators.greedy import quantisation_loss, saturation_loss
from tinynas.quantise.estimators.grid import Grid
from tinynas.quantise.estimators.least_squares import squared_error
from tinynas.quantise.ranges import Histogram

RNG = np.random.default_rng(0)
BELL = RNG.normal(0, 1, 200_000)
OUTLIERS = np.concatenate([[40.0, -25.0], BELL])
"""Values that 8 bits should not be spread over."""
DISTRIBUTIONS = {
    "bell": BELL,
    "shifted bell": BELL + 2.5,
    "uniform": RNG.uniform(0, 6, 200_000),
    "behind relu": np.maximum(BELL, 0),
    "behind relu6": np.clip(4 * BELL, 0, 6),
    "long tail": RNG.exponential(1.0, 200_000),
    "few values": RNG.choice([-1.0, 0.0, 0.5, 3.0], 2000),
    "outliers": OUTLIERS,
}


def histogram(values: np.ndarray) -> Histogram:
    low, high = float(values.min()), float(values.max())
    counts = np.histogram(values[values != 0], bins=2048, range=(low, high))[0]
    return Histogram(low, high, counts)


def signal_to_noise(values: np.ndarray, chosen: tuple[float, float]) -> float:
    noise = Grid.over(chosen).rounded(values) - values
    return 10 * float(np.log10(values.var() / (noise**2).mean()))


@pytest.mark.parametrize("estimator", list(Estimator))
class TestContract:
    @pytest.mark.parametrize("name", DISTRIBUTIONS)
    def test_ranges_lie_within_what_occurred_and_zero(
        self, estimator: Estimator, name: str
    ) -> None:
        values = DISTRIBUTIONS[name]
        low, high = choose_range(histogram(values), estimator)
        margin = 0.06 * (max(values.max(), 0) - min(values.min(), 0))  # to put values on levels
        assert low < high
        assert low >= min(values.min(), 0) - margin
        assert high <= max(values.max(), 0) + margin
        if values.min() >= 0:
            assert min(low, 0) == 0

    @pytest.mark.parametrize("name", sorted(set(DISTRIBUTIONS) - {"outliers"}))
    def test_eight_bits_are_enough_for_ordinary_values(
        self, estimator: Estimator, name: str
    ) -> None:
        values = DISTRIBUTIONS[name]
        assert signal_to_noise(values, choose_range(histogram(values), estimator)) > 29

    @pytest.mark.parametrize("name", DISTRIBUTIONS)
    def test_ranges_scale_with_the_values(self, estimator: Estimator, name: str) -> None:
        values = histogram(DISTRIBUTIONS[name])
        larger = Histogram(64 * values.minimum, 64 * values.maximum, values.counts)
        low, high = choose_range(values, estimator)
        assert choose_range(larger, estimator) == pytest.approx((64 * low, 64 * high), rel=1e-9)

    @pytest.mark.parametrize("name", DISTRIBUTIONS)
    def test_negated_values_mirror_the_range(self, estimator: Estimator, name: str) -> None:
        values = histogram(DISTRIBUTIONS[name])
        mirrored = Histogram(-values.maximum, -values.minimum, values.counts[::-1])
        low, high = choose_range(values, estimator)
        got = choose_range(mirrored, estimator)
        # Searches take the ends in an order, and halves round to even.
        assert got == pytest.approx((-high, -low), abs=0.06 * (high - low))

    @pytest.mark.parametrize("value", [0.0, 2.5, -1.0])
    def test_a_constant_tensor_has_a_range(self, estimator: Estimator, value: float) -> None:
        values = np.full(500, value)
        low, high = choose_range(histogram(values), estimator)
        assert min(low, 0) <= value <= max(high, 0)
        assert Grid.over((low, high)).rounded(values[:1])[0] == pytest.approx(value)

    def test_one_value_beside_many_zeros_is_kept(self, estimator: Estimator) -> None:
        values = np.zeros(100_000)
        values[0] = 5.0
        assert choose_range(histogram(values), estimator)[1] == pytest.approx(5, rel=0.01)

    def test_the_same_values_give_the_same_range(self, estimator: Estimator) -> None:
        first, second = (choose_range(histogram(OUTLIERS), estimator) for _ in range(2))
        assert first == second


def test_minmax_keeps_everything() -> None:
    assert choose_range(histogram(OUTLIERS), Estimator.MINMAX) == (-25, 40)


def test_percentile_leaves_out_a_share_at_either_end() -> None:
    low, high = choose_range(histogram(OUTLIERS), Estimator.PERCENTILE)
    assert low == pytest.approx(np.quantile(OUTLIERS, 0.0001), abs=0.1)
    assert high == pytest.approx(np.quantile(OUTLIERS, 0.9999), abs=0.1)


def test_mse_trades_cutting_for_finer_steps() -> None:
    # The rounding error of a wide range times 200,000 values outweighs cutting two of them off.
    centres, counts = histogram(OUTLIERS).occupied()
    low, high = choose_range(histogram(OUTLIERS), Estimator.MSE)
    assert high < 35
    chosen = squared_error(centres, counts, Grid.over((low, high)))
    assert chosen < 0.9 * squared_error(centres, counts, Grid.over((-25, 40)))
    assert chosen < squared_error(centres, counts, Grid.over((low / 2, high / 2)))


def test_mse_keeps_a_uniform_distribution_whole() -> None:
    low, high = choose_range(histogram(DISTRIBUTIONS["uniform"]), Estimator.MSE)
    assert low == 0
    assert high == pytest.approx(6, rel=0.03)


def test_kl_gives_up_outliers_for_the_shape_of_the_rest() -> None:
    low, high = choose_range(histogram(OUTLIERS), Estimator.KL)
    assert -15 < low < -3
    assert 3 < high < 20


def test_greedy_ends_where_no_neighbour_is_better() -> None:
    values = histogram(OUTLIERS)
    centres, counts = values.occupied()

    def loss(grid: Grid) -> float:
        return quantisation_loss(centres, counts, grid) + 3 * saturation_loss(centres, counts, grid)

    found = Grid.over(choose_range(values, Estimator.GREEDY))
    assert loss(found) < 0.9 * loss(Grid.over((-25, 40)))
    for other in (
        Grid(found.step * 1.002, found.offset),
        Grid(found.step / 1.002, found.offset),
        Grid(found.step, found.offset + 1),
        Grid(found.step, found.offset - 1),
    ):
        assert loss(found) <= loss(other) * (1 + 1e-9)


def test_the_two_losses_of_greedy_add_up_to_the_squared_error() -> None:
    centres, counts = histogram(OUTLIERS).occupied()
    grid = Grid(0.02, 100)
    parts = (loss(centres, counts, grid) for loss in (quantisation_loss, saturation_loss))
    assert sum(parts) == pytest.approx(squared_error(centres, counts, grid))


def test_greedy_cuts_off_less_than_mse_where_tails_are_long() -> None:
    # It weighs what is cut off three times.
    values = histogram(DISTRIBUTIONS["long tail"])
    assert choose_range(values, Estimator.GREEDY)[1] > choose_range(values, Estimator.MSE)[1]
