"""A sweep finds the better of plans, goes on where it stopped, and refuses what it cannot try."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tinynas.cli.main import app
from tinynas.data import load_dataset
from tinynas.errors import InvalidInputError
from tinynas.pipeline import sweep
from tinynas.progress import Event, Reporter
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import TrainingPlan

SUBSPACE = Subspace(load_space("tiny"), 0.25, 16)
PLAN = TrainingPlan(1024, seed=1)


def test_a_rate_at_which_nothing_is_learnt_loses(tmp_path: Path) -> None:
    events: list[Event] = []
    values = {"learning_rate": [8e-3, 1e-7], "weight_decay": [0.02]}
    digits = load_dataset("digits", seed=PLAN.seed)
    found = sweep(SUBSPACE, digits, PLAN, values, tmp_path, reporter=Reporter("", events.append))
    assert found.settings[found.best] == {"learning_rate": 8e-3, "weight_decay": 0.02}
    assert [s.stopped for s in found.standings] == [False, True]
    assert json.loads((tmp_path / "sweep.json").read_text()) == json.loads(
        json.dumps(found.to_json())
    )
    assert {e.kind for e in events} == {"progress", "log"}
    # Found again, in the command's table too; with other values, another sweep.
    options = ["--dataset", "digits", "--width", "0.25", "--resolution", "16", "--seed", "1"]
    options += ["--train-images", "1024", "--learning-rate", "8e-3,1e-7", "--weight-decay", "0.02"]
    done = CliRunner().invoke(app, ["sweep", *options, "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["best"] == {"learning_rate": 8e-3, "weight_decay": 0.02}
    assert len(list(tmp_path.glob("trials-*"))) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "needs values to try, of one or more of learning_rate"),
        ({"learning_rate": []}, "needs values to try"),
        ({"images": [1.0]}, "images cannot be swept"),
    ],
)
def test_what_cannot_be_swept_is_refused(
    values: dict[str, list[float]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        sweep(SUBSPACE, load_dataset("digits"), PLAN, values, tmp_path)
