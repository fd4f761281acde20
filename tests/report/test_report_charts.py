from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynas.report import ReportData
from tinynas.report.charts import (
    axes_of,
    best_so_far,
    budget_bars,
    curve_points,
    front,
    heat_map,
    importance_bars,
    live_bytes,
    memory_map,
    parallel,
    pareto,
    series_of,
    subspace_curves,
    training_chart,
)
from tinynas.report.data import CandidateData, CurvePoint
from tinynas.report.importance import Importance, importances
from tinynas.report.svg import Scale, dots, element, round_step


def _candidate(accuracy: float, sram: int) -> CandidateData:
    return {
        "id": 0,
        "architecture": {},
        "schedule": {},
        "accuracy": accuracy,
        "sram_bytes": sram,
        "flash_bytes": 1,
        "macs": 1,
        "recomputed_macs": 0,
        "pareto": False,
    }


POINTS = st.lists(
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.integers(1, 30)), min_size=1
)


def test_the_value_of_a_bar_does_not_lie_across_the_budget() -> None:
    def places(predicted: int) -> tuple[float, float]:
        figures = {"budget": 128_000, "predicted": predicted, "measured": predicted}
        root = ET.fromstring(budget_bars("Flash", figures, []))  # type: ignore[arg-type]
        value = next(e for e in root if e.get("class") == "figure")
        limit = next(e for e in root if e.get("class") == "limit")
        return float(value.get("x", 0)), float(limit.get("x1", 0))

    value, limit = places(116_000)
    assert value > limit
    value, limit = places(60_000)
    assert value + 58 < limit


def test_best_so_far_rises_to_the_last_measurement() -> None:
    found = [{**_candidate(a, 1), "id": i} for i, a in enumerate((0.5, 0.4, 0.7, 0.6))]
    assert best_so_far(found) == [(0, 0.5), (2, 0.5), (2, 0.7), (3, 0.7)]  # type: ignore[arg-type]


@given(POINTS)
def test_front_holds_exactly_what_nothing_cheaper_beats(points: list[tuple[float, int]]) -> None:
    candidates = [_candidate(*p) for p in points]
    kept = {(c["accuracy"], c["sram_bytes"]) for c in front(candidates, "sram_bytes")}
    expected = {
        (a, s)
        for a, s in points
        if not any((b >= a and t <= s) and (b, t) != (a, s) for b, t in points)
    }
    assert kept == expected


def test_curve_counts_misfits_as_no_work(data: ReportData) -> None:
    row = data["subspaces"]["subspaces"][2]
    points = curve_points(row)
    assert points[0] == (0.0, pytest.approx(0.8))
    assert points[-1] == (row["cdf"][-1], pytest.approx(1.0))
    assert points == sorted(points)
    assert curve_points(data["subspaces"]["subspaces"][3]) == []


def test_one_curve_for_each_subspace_that_fits_and_one_is_chosen(data: ReportData) -> None:
    svg = ET.fromstring(subspace_curves(data["subspaces"]))
    curves = [p.get("class") for p in svg.iter("path")]
    assert curves == ["curve", "curve", "curve chosen"]
    assert "width 0.5, 16 px was chosen" in str(svg.get("aria-label"))


def test_map_shades_by_score_and_leaves_misfits_blank(data: ReportData) -> None:
    svg = ET.fromstring(heat_map(data["subspaces"]))
    cells = [g.get("class") for g in svg.iter("g")]
    assert sorted(map(str, cells)) == ["cell none", "cell s2", "cell s4", "cell s6 chosen"]
    assert cells[-1] == "cell s6 chosen"


def test_scatter_marks_front_budget_and_choice(data: ReportData) -> None:
    svg = ET.fromstring(pareto(data["candidates"], "sram_bytes", "SRAM", budget=9000, chosen=3))
    kinds = [e.get("class") for e in svg.iter()]
    assert {"dots", "dots pareto", "front", "limit", "ring"} <= set(kinds)
    without = ET.fromstring(pareto(data["candidates"], "macs", "MACs"))
    assert not {"limit", "ring"} & {e.get("class") for e in without.iter()}


def test_single_candidate_is_drawn(data: ReportData) -> None:
    svg = ET.fromstring(pareto(data["candidates"][:1], "macs", "MACs"))
    assert svg.get("aria-label") == "Accuracy against MACs of 1 candidates"


def test_live_bytes_count_overlapping_buffers_once() -> None:
    buffers = [
        {"name": "a", "tensor": "a", "bytes": 10, "first": 0, "last": 1, "offset": 0},
        {"name": "b", "tensor": "b", "bytes": 5, "first": 1, "last": 2, "offset": 8},
    ]
    schedule = {"summary": "", "arena_bytes": 15, "recomputed_macs": 0, "segments": []}
    assert live_bytes({**schedule, "buffers": buffers}, 3) == [10, 13, 5]  # type: ignore[typeddict-item]


def test_buffers_lie_where_the_schedule_puts_them(data: ReportData) -> None:
    svg = ET.fromstring(memory_map(data["schedule"], data["layers"], data["memory_parts"], 32768))
    boxes = [g for g in svg.iter("g") if str(g.get("class")).startswith("buffer")]
    assert len(boxes) == len(data["schedule"]["buffers"])
    per_byte, per_op = set(), set()
    for box, buffer in zip(boxes, data["schedule"]["buffers"], strict=True):
        rect = box.find("rect")
        assert rect is not None
        if buffer["bytes"] > 500:
            per_byte.add(round((float(rect.get("height", 0)) + 1) / buffer["bytes"], 2))
        per_op.add(
            round((float(rect.get("width", 0)) + 1) / (buffer["last"] - buffer["first"] + 1))
        )
    assert len(per_byte) == 1
    assert len(per_op) == 1
    assert sum("scratch" in str(g.get("class")) for g in boxes) == 1
    assert any(str(e.get("class")) == "segment patch" for e in svg.iter())


def test_dots_of_one_place_are_drawn_once() -> None:
    assert dots([(1.0, 1.0), (1.1, 1.0), (5.0, 2.0)], "d").count("M") == 2


def test_element_escapes_what_it_is_given() -> None:
    text = element("text", "<b>&", title='"')
    assert text == '<text title="&#34;">&lt;b&gt;&amp;</text>'


@given(st.floats(1e-6, 1e12))
def test_steps_are_round_and_large_enough(rough: float) -> None:
    step = round_step(rough)
    assert rough <= step * (1 + 1e-6)
    assert step <= rough * 2.5 * (1 + 1e-6)


@given(st.integers(0, 1000), st.integers(1, 100_000), st.integers(2, 8))
def test_ticks_lie_within_the_domain(low: int, span: int, wanted: int) -> None:
    scale = Scale(low, low + span, 0, 100)
    ticks = scale.ticks(wanted)
    assert all(low - 1e-6 * span <= t <= low + span * (1 + 1e-6) for t in ticks)
    assert len(ticks) <= wanted + 1


def test_importance_knows_what_decides_and_ignores_what_does_not() -> None:
    rng = np.random.default_rng(0)
    pairs = [
        (int(k), int(e))
        for k, e in zip(rng.choice([3, 5, 7], 90), rng.choice([3, 6], 90), strict=True)
    ]
    candidates = [
        _network(k, e, 0.5 + 0.05 * k + 0.001 * float(rng.standard_normal())) for k, e in pairs
    ]
    first, *rest = importances(candidates)
    assert first.name == "stage 1 block 1 kernel"
    assert first.share > 0.99
    assert all(one.share < 0.2 for one in rest)
    assert importances(candidates[:8]) == []


def _network(kernel: int, expansion: int, accuracy: float) -> CandidateData:
    architecture = {"stages": [[{"kernel": kernel, "expansion": expansion}]]}
    return {  # type: ignore[typeddict-item]
        "id": 0,
        "architecture": architecture,
        "accuracy": accuracy,
        "sram_bytes": 1000 * kernel,
        "flash_bytes": 1000 * expansion,
        "macs": 1000 * kernel * expansion,
        "recomputed_macs": 0,
        "pareto": kernel == 7,
    }


def test_importance_bars_name_every_choice() -> None:
    bars = importance_bars([Importance("stage 1 depth", 0.5), Importance("stage 2 depth", 0.25)])
    assert "stage 1 depth 50%, stage 2 depth 25%" in bars
    assert bars.count("<rect") == 2


def test_parallel_coordinates_have_an_axis_for_what_differs() -> None:
    candidates = [_network(k, 3, 0.9 + k / 100) for k in (3, 5, 7)]
    assert [axis.title for axis in axes_of(candidates)] == [
        "kernel",
        "MACs",
        "SRAM",
        "accuracy",
    ]
    drawn = parallel(candidates, chosen=0)
    assert drawn.count("thread pareto") == 1
    assert "Parallel coordinates of 3 candidates" in drawn
    assert parallel(candidates[:1]) == ""


def test_training_panels_take_the_series_they_name() -> None:
    points: list[CurvePoint] = [
        {"at": 10, "values": {"largest_loss": 2.0, "smallest_loss": 2.5, "largest_accuracy": 0.2}},
        {"at": 20, "values": {"largest_loss": 1.0, "smallest_loss": 1.5}},
        {"at": 20, "values": {"largest_validation_accuracy": 0.6}},
    ]
    series = series_of(points)
    assert [(s.who, s.held, s.measure) for s in series] == [
        ("largest", False, "loss"),
        ("smallest", False, "loss"),
        ("largest", False, "accuracy"),
        ("largest", True, "accuracy"),
    ]
    assert training_chart(series, "loss").count("<path") == 2
    assert "series largest held" in training_chart(series, "accuracy")
    assert training_chart(series[:2], "accuracy") == ""
