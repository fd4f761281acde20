"""Errors arrive in another process as they were raised."""

from __future__ import annotations

import pickle

import pytest

from tinynas.errors import (
    CancelledError,
    InfeasibleBudgetError,
    InvalidInputError,
    MissingToolError,
    SimulationError,
    TinynasError,
)


@pytest.mark.parametrize(
    "error",
    [
        TinynasError("failed", why="because"),
        InvalidInputError("wrong", field="sram", given=1, allowed="more"),
        InfeasibleBudgetError("nothing fits", field="sram", required_bytes=9, budget_bytes=1),
        MissingToolError("cc", "apt install gcc"),
        SimulationError("it hung", log="pc 0"),
        CancelledError("cancelled"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_between_processes(error: TinynasError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
