"""The report in a bundle: promised first, measured after a run, and true to the manifest."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinynas.devices import load_device
from tinynas.emit import Bundle
from tinynas.emit.bundle import rewrite_files
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.library import validate
from tinynas.pipeline.compiling import random_vectors, write_bundle
from tinynas.report import bundle_report
from tinynas.schedule import plan_layer

FILES = {"report.json", "report.md", "report.html", "layers.svg"}


@pytest.fixture
def graph() -> Graph:
    options = RandomGraphOptions(min_size=6, max_size=8, blocks=(2, 2), classifier=True)
    return random_graph(np.random.default_rng(4), options, name="a | <b>network</b>")


def written(graph: Graph, folder: Path) -> Bundle:
    device, vectors = load_device("stm32f405rg"), random_vectors(graph, 0)
    where, budget = folder / "bundle", device.default_budget
    return write_bundle(
        graph, plan_layer(graph), device, budget, vectors, where, name="net", info={}
    )


def assert_manifest_holds(bundle: Bundle) -> None:
    lines = (bundle.path / "MANIFEST").read_text().splitlines()
    assert {line.split("  ", 1)[1] for line in lines} >= FILES
    for digest, name in (line.split("  ", 1) for line in lines):
        assert hashlib.sha256((bundle.path / name).read_bytes()).hexdigest() == digest, name


def test_it_promises_first_and_says_what_was_measured_then(graph: Graph, tmp_path: Path) -> None:
    bundle = written(graph, tmp_path)
    assert_manifest_holds(bundle)
    before = json.loads((bundle.path / "report.json").read_text())
    assert before["validation"] is None
    assert "measured" not in before["sram_bytes"]
    assert before["compiler"] == bundle.description["predicted"]["compiler"]
    assert "not yet" in (bundle.path / "report.md").read_text()
    measured = validate(bundle, simulator="unicorn")
    assert_manifest_holds(bundle)
    after = json.loads((bundle.path / "report.json").read_text())
    assert after["validation"]["mismatched_bytes"] == 0
    assert after["sram_bytes"]["measured"] == measured.sram_bytes
    for layer, found in zip(after["layers"], measured.to_json()["layers"], strict=True):
        assert layer["instructions"] == found["instructions"] > 0
        assert layer["sram_bytes"] == found["sram_bytes"]
        assert layer["flash_bytes"] == found["flash_bytes"]
    text = (bundle.path / "report.md").read_text()
    assert f"{measured.run.instructions:,} instructions" in text
    assert "![Instructions, SRAM and flash of every layer](layers.svg)" in text


def test_the_plot_is_an_image_of_its_own(graph: Graph, tmp_path: Path) -> None:
    bundle = written(graph, tmp_path)
    root = ET.fromstring((bundle.path / "layers.svg").read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    bars = [e for e in root.iter() if e.get("class", "").startswith("bar")]
    assert len(bars) == 2 * len(graph.ops), "SRAM and flash; instructions are not known yet"
    validate(bundle, simulator="unicorn")
    root = ET.fromstring((bundle.path / "layers.svg").read_text())
    assert sum(e.get("class", "").startswith("bar") for e in root.iter()) == 3 * len(graph.ops)


def test_names_from_elsewhere_stay_text(graph: Graph, tmp_path: Path) -> None:
    hostile = graph.ops[0]
    ops = (replace(hostile, name="</svg><script>|"), *graph.ops[1:])
    bundle = written(graph, tmp_path)
    texts = bundle_report(bundle.description, replace(graph, ops=ops), bundle.schedule)
    for name in ("report.html", "layers.svg"):
        assert "<script>" not in texts[name]
    assert "\\|" in texts["report.md"]
    assert "<b>network</b>" not in texts["report.html"]


def test_a_jobs_own_report_is_left_alone(graph: Graph, tmp_path: Path) -> None:
    bundle = written(graph, tmp_path)
    rewrite_files(bundle.path, {"report.json": '{"format": 1}\n'})
    validate(bundle, simulator="unicorn")
    assert (bundle.path / "report.json").read_text() == '{"format": 1}\n'
    assert_manifest_holds(bundle)
