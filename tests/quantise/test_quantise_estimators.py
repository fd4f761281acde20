from __future__ import annotations

import numpy as np
import pytest

from tinynas.quantise.estimators import Estimator, _squared_error, choose_range


def histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts, edges = np.histogram(values, bins=2048)
    return (edges[:-1] + edges[1:]) / 2, counts


@pytest.fixture
def outliers() -> np.ndarray:
    """A normal distribution with one value in a hundred thousand far out."""
    values = np.random.default_rng(0).normal(0, 1, 200_000)
    values[:2] = 40.0, -25.0
    return values


def test_minmax_keeps_everything(outliers: np.ndarray) -> None:
    low, high = choose_range(*histogram(outliers), Estimator.MINMAX)
    assert low == pytest.approx(-25, abs=0.1)
    assert high == pytest.approx(40, abs=0.1)


def test_percentile_leaves_out_a_share_at_either_end(outliers: np.ndarray) -> None:
    low, high = choose_range(*histogram(outliers), Estimator.PERCENTILE)
    assert low == pytest.approx(np.quantile(outliers, 0.0001), abs=0.1)
    assert high == pytest.approx(np.quantile(outliers, 0.9999), abs=0.1)


def test_mse_trades_cutting_for_finer_steps(outliers: np.ndarray) -> None:
    # The rounding error of a wide range times 200,000 values outweighs cutting two of them off.
    centres, counts = histogram(outliers)
    low, high = choose_range(centres, counts, Estimator.MSE)
    assert high < 35
    chosen = _squared_error(centres, counts, low, high)
    assert chosen < 0.9 * _squared_error(centres, counts, float(centres[0]), float(centres[-1]))
    narrow = _squared_error(centres, counts, low / 2, high / 2)
    assert chosen < narrow


def test_mse_keeps_a_uniform_distribution_whole() -> None:
    values = np.random.default_rng(1).uniform(0, 6, 100_000)
    low, high = choose_range(*histogram(values), Estimator.MSE)
    assert low == 0
    assert high == pytest.approx(6, rel=0.03)


@pytest.mark.parametrize("estimator", list(Estimator))
@pytest.mark.parametrize("value", [0.0, 2.5, -1.0])
def test_a_constant_tensor_has_a_range(estimator: Estimator, value: float) -> None:
    counts = np.zeros(2048, dtype=np.int64)
    counts[1024] = 500
    low, high = choose_range(np.full(2048, value), counts, estimator)
    assert min(low, 0) <= value <= max(high, 0)
