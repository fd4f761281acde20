from __future__ import annotations

import base64
import io
import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from tinynas.graph.ir import Graph
from tinynas.report import CurvePoint, ReportData, build_report, picture
from tinynas.report.data import CandidateData, SegmentData
from tinynas.report.html import render_html
from tinynas.report.markdown import render_markdown
from tinynas.report.text import (
    THIN,
    count,
    difference,
    kilobytes,
    percent,
    round_count,
    schedule_text,
    shape,
    stream_text,
)
from tinynas.report.views import (
    block_views,
    layer_rows,
    memory_rows,
    quantisation_text,
    training_text,
    with_live_bytes,
    worst_confusions,
)


def test_the_files_and_the_same_bytes_twice(data: ReportData, tmp_path: Path) -> None:
    first = build_report(data, tmp_path / "a")
    second = build_report(data, tmp_path / "b")
    assert {p.name for p in (tmp_path / "a").iterdir()} == {
        "report.json",
        "report.html",
        "report.md",
        "layers.svg",
    }
    for name in ("json", "html", "markdown", "layers"):
        assert getattr(first, name).read_bytes() == getattr(second, name).read_bytes()


def test_json_is_the_data(data: ReportData, tmp_path: Path) -> None:
    read = json.loads(build_report(data, tmp_path).json.read_text(encoding="utf-8"))
    assert read.pop("format") == 1
    assert read == {**data, "layers": with_live_bytes(data)}
    arena = data["schedule"]["arena_bytes"]
    assert 0 < max(layer["sram_bytes"] for layer in read["layers"]) <= arena


def test_nothing_is_written_when_rendering_fails(data: ReportData, tmp_path: Path) -> None:
    del data["accuracy"]["int8"]  # type: ignore[misc]
    with pytest.raises(UndefinedError, match="int8"):
        build_report(data, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_page_is_self_contained(data: ReportData) -> None:
    page = render_html(data)
    assert not re.search(r"https?://|src=|@import|url\(|<script|<link", page)


def test_latency_is_a_front_where_the_candidates_tell_it(data: ReportData) -> None:
    name = 'aria-label="Accuracy against latency, ms of'
    assert name not in render_html(data)
    told: list[CandidateData] = [{**c, "latency_ms": 2.5 + c["id"]} for c in data["candidates"]]
    assert render_html({**data, "candidates": told}).count(name) == 1


def test_every_chart_is_well_formed_and_named(data: ReportData) -> None:
    charts = re.findall(r'<svg class="chart.*?</svg>', render_html(data), flags=re.DOTALL)
    assert len(charts) == 10
    for chart in charts:
        root = ET.fromstring(chart)
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_page_says_the_figures(data: ReportData) -> None:
    page = render_html(data)
    for figure in ("96.9%", "97.1%", f"128{THIN}KB", "1,234,567", "gave every byte"):
        assert figure in page


def test_a_difference_is_not_hidden(data: ReportData) -> None:
    data["validation"]["mismatched_bytes"] = 3
    page = render_html(data)
    assert "3 bytes differ" in page
    assert "gave every byte" not in page


def test_hostile_names_stay_text(data: ReportData) -> None:
    hostile = "<script>alert(1)</script>"
    data["name"] = hostile
    assert data["confusion"]
    data["confusion"]["classes"][0] = hostile
    data["layers"][0]["name"] = hostile
    assert "<script" not in render_html(data)
    assert "<script" not in render_markdown(data)


def test_parts_that_a_job_lacks_are_left_out(data: ReportData) -> None:
    data["confusion"] = None
    data["candidates"] = []
    del data["chosen"]
    for layer in data["layers"]:
        layer["instructions"] = None
    page = render_html(data)
    assert 'class="confusion"' not in page
    assert "<h2>Search</h2>" not in page
    assert "## Front" not in render_markdown(data)


def test_noise_of_each_layer_is_shown(data: ReportData) -> None:
    assert [r.noise for r in layer_rows(data["layers"])[:2]] == ["30.0 dB", "29.0 dB, 2.0% cut"]
    data["layers"][0]["signal_to_noise_db"] = None
    assert layer_rows(data["layers"])[0].noise == "exact"
    assert "29.0 dB, 2.0% cut" in render_html(data)
    assert "29.0 dB, 2.0% cut" in render_markdown(data)


def test_kernel_of_each_layer_is_shown_where_it_is_decided(data: ReportData) -> None:
    assert '<th scope="col">Kernel</th>' not in render_html(data)
    data["layers"][1]["kernel"] = "depthwise_3"
    assert "<td>depthwise_3</td>" in render_html(data)
    assert "depthwise_3" in render_markdown(data)


def test_how_it_was_quantised_is_said(data: ReportData) -> None:
    text = quantisation_text(data)
    assert text.startswith("Quantised with mse ranges, channels equalised, biases corrected, and")
    assert "float 98.00%, int8 97.50%" in text
    assert text in render_html(data)
    assert text in render_markdown(data)
    data["quantisation"]["method"] = "post-training"
    data["quantisation"]["post_training"]["equalised"] = False
    assert quantisation_text(data).startswith("Quantised with mse ranges, biases corrected. On")
    del data["quantisation"]
    assert "Quantised with" not in render_html(data) + render_markdown(data)


def test_how_it_was_trained_is_said(data: ReportData) -> None:
    assert training_text(data) == ""  # a request of before there were recipes
    data["request"] |= {"recipe": "progressive", "margin": 0.5}
    text = training_text(data)
    assert text.startswith("Supernet trained by progressive shrinking; fine-tuning with a margin")
    assert text in render_markdown(data)
    points: list[CurvePoint] = [{"at": 64, "values": {"largest_loss": 1.0}}]
    data["training"] = [{"step": "supernet", "name": "supernet", "points": points}]
    assert text in render_html(data)
    data["request"] |= {"supernet": "given", "margin": 0.0}
    assert training_text(data) == ""


def test_layers_add_up_to_the_graph(data: ReportData, graph: Graph) -> None:
    assert sum(layer["macs"] for layer in data["layers"]) == graph.macs
    rows = layer_rows(data["layers"])
    assert max(r.macs_share for r in rows) == 100
    assert rows[-1].shape == "3"


def test_blocks_cover_every_op_once(data: ReportData, graph: Graph) -> None:
    covered = [op for b in data["blocks"] for op in range(b["first"], b["last"])]
    assert covered == list(range(len(graph.ops)))
    sizes = [(b["in_size"], b["out_size"]) for b in data["blocks"]]
    assert all(before[1] == after[0] for before, after in pairwise(sizes))


def test_blocks_within_patches_are_marked(data: ReportData) -> None:
    marked = [bool(b.segment) for b in block_views(data)]
    inside = [b["first"] < 3 for b in data["blocks"]]
    assert marked == inside
    assert any(marked)


def test_memory_over_budget_is_marked(data: ReportData) -> None:
    assert [r.fits for r in memory_rows(data)] == [True, True]
    data["sram_bytes"]["measured"] = 40000
    assert memory_rows(data)[0].fits is False


def test_harness_and_vectors_are_counted_apart(data: ReportData) -> None:
    assert "Counted apart" not in render_html(data)
    data["flash_bytes"] |= {"harness": 2048, "vectors": 4096}
    expected = f"harness 2{THIN}KB, test vectors 4{THIN}KB"
    assert expected in render_html(data)


def test_worst_confusions_come_first(data: ReportData) -> None:
    assert data["confusion"]
    found = worst_confusions(data["confusion"])
    assert [(c.true, c.taken_for, c.images) for c in found] == [
        ("star", "disc", 2),
        ("disc", "ring", 1),
    ]
    assert found[0].share == pytest.approx(0.2)


def test_markdown_tables_have_one_width(data: ReportData) -> None:
    data["name"] = "a | b"
    data["candidates"][0]["id"] = "c | d"
    for table in re.findall(r"(?:^\|.*\n)+", render_markdown(data), flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (24_678, "24.1 KB"), (2 << 20, "2,048 KB")],
)
def test_kilobytes(value: int, text: str) -> None:
    assert kilobytes(value).replace(THIN, " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(999, "999"), (1234, "1.23 k"), (45_600, "45.6 k"), (7.5e8, "750 M"), (2.5e9, "2.50 G")],
)
def test_count(value: float, text: str) -> None:
    assert count(value).replace(THIN, " ") == text


def test_schedules_in_words(data: ReportData) -> None:
    patch, layer = data["schedule"]["segments"]
    ops = layer["last"] - 3
    assert schedule_text([patch, layer]) == (
        f"the first 3 ops in 2 × 2 patches, then {ops} layer by layer"
    )
    assert schedule_text([layer]) == "layer by layer"


def test_streams_in_words() -> None:
    def stream(first: int, last: int, *, fed: bool = False) -> SegmentData:
        members = {"kind": "stream", "first": first, "last": last, "grid": [1, 1], "chunk": 4}
        return cast(SegmentData, members | {"fed": fed})

    layer = cast(SegmentData, {"kind": "layer", "first": 9, "last": 30, "grid": [1, 1]})
    assert schedule_text([stream(0, 3), stream(3, 9), layer]) == (
        "the first 3 + 6 ops row by row, then 21 layer by layer"
    )
    assert schedule_text([stream(0, 3, fed=True), stream(3, 9), layer]) == (
        "the first 3 ops row by row as the rows come in, then 6 row by row, then 21 layer by layer"
    )
    assert stream_text([layer]) == ""
    assert "handed on up to 4 columns at a time" in stream_text([stream(0, 9), layer])


def test_other_texts() -> None:
    assert percent(0.97123, 2) == "97.12%"
    assert difference(99, 100) == "−1.0%"
    assert difference(100, 100) == "equal"
    assert shape([1, 8, 8, 24]) == "8 × 8 × 24"
    assert shape([1, 10]) == "10"
    assert round_count(5e6).replace(THIN, " ") == "5 M"


def test_what_a_job_has_told_is_shown_and_what_it_has_not_is_left_out(data: ReportData) -> None:
    plain = render_html(data)
    for missing in ("The worst mistakes", "What was refused", "<h2>Training</h2>"):
        assert missing not in plain
    data["mistakes"] = [
        {
            "image": picture(np.zeros((8, 8, 1), dtype=np.uint8)),
            "index": 4,
            "true": "ring",
            "taken_for": "<disc>",
            "confidence": 0.75,
            "confidence_in_truth": 0.2,
        }
    ]
    data["search"] = {
        "asked": 40,
        "refused": 30,
        "repeated": 6,
        "over": {"sram": 30},
        "nearest": [],
    }
    points: list[CurvePoint] = [{"at": i, "values": {"largest_loss": 1 / i}} for i in (1, 2, 3)]
    data["training"] = [{"step": "supernet", "name": "supernet", "points": points}]
    page = render_html(data)
    assert 'alt="Test image 4: a ring, taken for &lt;disc&gt;"' in page
    assert "Of 40 proposals 30 were too large" in page
    assert '<dt>over SRAM</dt><dd class="bad" style="--share:75.0%">30</dd>' in page
    assert 'aria-label="loss of largest"' in page
    assert "target/stm32f4x.cfg" in page


def test_pictures_of_large_images_are_reduced() -> None:
    uri = picture(np.zeros((160, 160, 3), dtype=np.uint8))
    drawn = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert drawn.size == (96, 96)
    assert drawn.mode == "RGB"
