"""Curves that outlive an interruption, and are told once."""

from pathlib import Path

from tinynas.pipeline.curves import Curves, curves_of
from tinynas.progress import Event, Reporter


def _say(curves: Curves, heard: list[Event], *points: tuple[int, float]) -> None:
    reporter = curves.reporter(Reporter("supernet", heard.append))
    for at, loss in points:
        reporter.emit("metric", name="supernet", at=at, values={"loss": loss})
    reporter.progress(points[-1][0], 100, "images")


def test_points_are_kept_in_order_and_still_told(tmp_path: Path) -> None:
    heard: list[Event] = []
    curves = Curves(tmp_path)
    _say(curves, heard, (10, 2.0), (20, 1.0))
    curves.save(tmp_path)
    (curve,) = curves_of("supernet", tmp_path)
    assert curve["name"] == "supernet"
    assert [(p["at"], p["values"]["loss"]) for p in curve["points"]] == [(10, 2.0), (20, 1.0)]
    assert [event.kind for event in heard] == ["metric", "metric", "progress"]


def test_what_an_interrupted_step_said_twice_counts_once(tmp_path: Path) -> None:
    _say(Curves(tmp_path), [], (10, 2.0), (20, 1.5))
    resumed = Curves(tmp_path)
    _say(resumed, [], (20, 1.4), (30, 1.0))
    resumed.save(tmp_path)
    (curve,) = curves_of("supernet", tmp_path)
    assert [(p["at"], p["values"]["loss"]) for p in curve["points"]] == [
        (10, 2.0),
        (20, 1.4),
        (30, 1.0),
    ]


def test_a_step_without_curves_has_none(tmp_path: Path) -> None:
    Curves(tmp_path).save(tmp_path)
    assert curves_of("quantise", tmp_path) == []
