from pathlib import Path

import pytest

from tinynas.errors import CancelledError
from tinynas.pipeline.steps import StepStore, Workspace, step_key
from tinynas.progress import Event, Reporter

ROOMS = ("graph",)


class Interrupted(Exception):
    pass


def writes(text: str):
    def work(step: Workspace) -> None:
        (step.out / "value.txt").write_text(text)

    return work


def test_a_finished_step_is_found_and_not_made_again(tmp_path: Path) -> None:
    events: list[Event] = []
    store = StepStore(tmp_path, Reporter(listener=events.append))
    first = store.run("search", {"seed": 0}, writes("one"), rooms=ROOMS)
    second = store.run("search", {"seed": 0}, writes("two"), rooms=ROOMS)
    assert first == second
    assert (second.path / "value.txt").read_text() == "one"
    assert [e.data["reused"] for e in events if e.kind == "step_finished"] == [False, True]


def test_other_inputs_make_another_step(tmp_path: Path) -> None:
    store = StepStore(tmp_path, Reporter())
    outputs = {
        store.run("search", {"seed": seed}, writes(str(seed)), rooms=ROOMS).path for seed in (0, 1)
    }
    assert len(outputs) == 2


def test_the_key_follows_the_code() -> None:
    assert step_key("emit", {}, ("graph",)) != step_key("emit", {}, ("graph", "devices"))


def test_a_step_that_dies_leaves_no_output_but_its_checkpoint(tmp_path: Path) -> None:
    store = StepStore(tmp_path, Reporter())

    def dies(step: Workspace) -> None:
        (step.out / "half.txt").write_text("half")
        (step.partial / "checkpoint").write_text("7")
        raise Interrupted

    with pytest.raises(Interrupted):
        store.run("supernet", {}, dies, rooms=ROOMS)
    assert not list((tmp_path / "steps").iterdir())

    def resumes(step: Workspace) -> None:
        (step.out / "value.txt").write_text((step.partial / "checkpoint").read_text())

    output = store.run("supernet", {}, resumes, rooms=ROOMS)
    assert (output.path / "value.txt").read_text() == "7"
    assert [p.name for p in output.path.iterdir()] == ["value.txt"]
    assert not list((tmp_path / "partial").iterdir())


def test_a_cancelled_job_starts_no_step(tmp_path: Path) -> None:
    store = StepStore(tmp_path, Reporter(cancelled=lambda: True))
    with pytest.raises(CancelledError, match="search"):
        store.run("search", {}, writes("no"), rooms=ROOMS)
    assert not (tmp_path / "steps").exists()
