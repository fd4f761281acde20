"""Ray Tune holds a contest as one process does, whichever trial dies on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_tasks import Climber

from tinynas.contest import Contest, compete_here, contestant_folder
from tinynas.errors import CancelledError
from tinynas.progress import Event, Reporter
from worker.cluster import Cluster
from worker.place import ray_workplace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CONTEST = Contest(
    (
        Climber((0.5, 0.6, 0.7), mortal=True),
        Climber((0.4, 0.9, 0.9)),  # stopped at the first rung
        Climber((0.6, 0.6, 0.8)),
    )
)


def test_a_cancelled_contest_with_a_killed_trial_ends_as_in_one_process(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = ray_workplace(cluster, actors=lambda: 2)
    heard: list[Event] = []

    def told() -> bool:
        return bool(heard)

    with pytest.raises(CancelledError):
        place.compete(CONTEST, tmp_path, Reporter("finetune", heard.append, told))
    events: list[Event] = []
    standings = place.compete(CONTEST, tmp_path, Reporter("finetune", events.append))
    assert (contestant_folder(tmp_path, 0) / "killed").exists()
    # Nothing is trained twice, and who is stopped has gone no further than it had to.
    trained = [(contestant_folder(tmp_path, n) / "trained").read_text() for n in range(3)]
    assert trained[0] == trained[2] == "0.25 0.5 1.0 "
    assert trained[1].startswith("0.25 ")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"contestant-{n}" for n in range(3)]
    assert "contestant 1: 0.4000 after 25%, stopped: it fell behind" in [
        e.data["message"] for e in events if e.kind == "log"
    ]
    assert capfd.readouterr().out == ""
    calm = Contest(tuple(Climber(c.scores) for c in CONTEST.contestants if isinstance(c, Climber)))
    here = tmp_path / "here"
    assert standings == compete_here(calm, here, Reporter("finetune"))
    assert CONTEST.winner(standings) == 2
