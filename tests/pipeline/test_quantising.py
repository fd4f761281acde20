"""What a search hands out as models: the same numbers as the bundle, on the whole test split."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from benchmarks.litert import run_litert_model
from tinynas.data import Dataset, load_dataset
from tinynas.graph.reference import run
from tinynas.pipeline import JobResult, quantising, run_pipeline
from tinynas.progress import Event, Reporter
from tinynas.quantise import int8_input
from tinynas.request import JobRequest
from tinynas.simulate import run_bundle
from tinynas.spaces import Architecture, Subspace, load_space, network_of
from tinynas.supernet import Subnet, accuracy


@pytest.fixture(scope="module")
def digits(result: JobResult) -> Dataset:
    return load_dataset("digits").at(result.summary["subspace"]["resolution"])


@pytest.fixture(scope="module")
def expected(result: JobResult, digits: Dataset) -> np.ndarray:
    """The int8 outputs of the integer reference for every test image."""
    graph = result.bundle.graph
    return run(graph, {graph.inputs[0]: int8_input(digits.test.images)})[graph.outputs[0]]


def test_litert_on_the_export_gives_every_byte(
    result: JobResult, digits: Dataset, expected: np.ndarray
) -> None:
    model = (result.artifacts / "model.tflite").read_bytes()
    (found,) = run_litert_model(model, [int8_input(digits.test.images)])
    assert len(np.unique(found)) > 50  # not saturated: there is something to compare
    np.testing.assert_array_equal(found, expected)


def test_the_c_gives_every_byte(result: JobResult, digits: Dataset, expected: np.ndarray) -> None:
    found = run_bundle(result.bundle, int8_input(digits.test.images))
    np.testing.assert_array_equal(found, expected)


def test_the_reported_accuracy_is_that_of_these_bytes(
    result: JobResult, digits: Dataset, expected: np.ndarray
) -> None:
    share = float((expected.argmax(1) == digits.test.labels).mean())
    assert result.summary["accuracy"]["int8"] == share


def test_onnx_gives_nearly_the_same(
    result: JobResult, digits: Dataset, expected: np.ndarray
) -> None:
    # Without the runtime's fused integer kernels: on processors that lack VNNI those saturate.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(result.artifacts / "model.onnx", options)
    name = session.get_inputs()[0].name
    (found,) = session.run(None, {name: int8_input(digits.test.images)})
    # What ONNX leaves open adds up through the layers, see `write_onnx`.
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995


def test_the_state_dict_rebuilds_the_float_network(result: JobResult, digits: Dataset) -> None:
    saved = torch.load(result.artifacts / "model.pt", weights_only=True)
    space = load_space(saved["architecture"]["space"])
    network = network_of(
        Subspace(space, saved["width"], saved["resolution"]),
        Architecture.from_json(space, saved["architecture"]),
        classes=len(saved["classes"]),
        input_channels=saved["input_channels"],
    )
    subnet = Subnet(network)
    subnet.load_state_dict(saved["state_dict"])
    assert accuracy(subnet.eval(), digits.test) == result.summary["accuracy"]["float"]


def test_the_report_says_what_every_layer_lost(result: JobResult) -> None:
    report = json.loads((result.artifacts / "report.json").read_text())
    ratios = [layer["signal_to_noise_db"] for layer in report["layers"]]
    assert all(ratio is None or ratio > 0 for ratio in ratios)
    assert sum(ratio is not None for ratio in ratios) >= len(ratios) - 1
    found = report["quantisation"]
    assert found["method"] in ("post-training", "quantisation-aware")
    lost = found["validation"]["float"] - found["validation"]["int8"]
    # Training follows where post-training loses more than half a point, and only there.
    assert found["method"] == "quantisation-aware" or lost <= 0.005


def test_too_great_a_loss_is_trained_away(
    result: JobResult,
    request_of_digits: JobRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With nothing allowed, even a small loss makes the step train; the rest is found again."""
    events: list[Event] = []
    whole = quantising.int8_network
    monkeypatch.setattr(
        quantising,
        "int8_network",
        lambda *args, **options: whole(*args, **options, allowed_loss=-1.0),
    )
    folder = shutil.copytree(result.folder, tmp_path / result.folder.name)
    for step in (folder / "steps").glob("quantise-*"):
        shutil.rmtree(step)
    again = run_pipeline(request_of_digits, folder, reporter=Reporter(listener=events.append))
    trained = [e for e in events if e.kind == "metric" and e.data["name"] == "quantisation"]
    assert trained
    assert {e.step for e in trained} == {"quantise"}
    assert again.summary["accuracy"]["int8"] > 0.5
