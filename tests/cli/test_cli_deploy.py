"""compile and validate as scripts use them: exact keys, accuracy on the device, early refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tinynas.cli.main import app
from tinynas.data import load_dataset
from tinynas.devices import load_device
from tinynas.emit import load_bundle
from tinynas.export import tflite_bytes
from tinynas.graph.ir import (
    Activation,
    DType,
    FullyConnected,
    Graph,
    Op,
    Quantisation,
    Relu,
    Tensor,
)
from tinynas.graph.random import RandomGraphOptions, random_graph


def tinynas(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def answer(*arguments: object) -> dict[str, Any]:
    result = tinynas(*arguments, "--json")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def linear_digits() -> Graph:
    """A linear classifier of the digits, fitted by least squares: right far more often than not."""
    train = load_dataset("digits").train
    x = (train.images.reshape(len(train), -1).astype(np.float64) - 128) / 128
    wanted = np.eye(10)[train.labels] - 0.1
    matrix = np.linalg.lstsq(np.c_[x, np.ones(len(x))], wanted, rcond=None)[0]
    scale = float(np.float32(np.abs(matrix[:-1]).max() / 127))
    weights = np.clip(np.rint(matrix[:-1].T / scale), -127, 127).astype(np.int8)
    bias = np.rint(matrix[-1] / (scale / 128)).astype(np.int32)
    side = train.images.shape[1]
    tensors = [
        Tensor("image", (1, side, side, 1), quantisation=Quantisation((1 / 128,), 0)),
        Tensor("scores", (1, 10), quantisation=Quantisation((0.015625,), 0)),
        Tensor(
            "weights",
            weights.shape,
            quantisation=Quantisation((scale,)),
            constant=True,
            data=weights,
        ),
        Tensor("bias", (10,), DType.INT32, constant=True, data=bias),
    ]
    op = Op("scores", FullyConnected(), ("image", "weights", "bias"), ("scores",))
    return Graph("linear", {t.name: t for t in tensors}, (op,), ("image",), ("scores",))


def relu_of(elements: int) -> Graph:
    """A network of one table look-up in place: its arena is its input."""
    scale = Quantisation((0.05,), 0)
    tensors = {n: Tensor(n, (1, 1, elements // 4, 4), quantisation=scale) for n in "xy"}
    op = Op("y", Relu(Activation.RELU), ("x",), ("y",))
    return Graph("relu", tensors, (op,), ("x",), ("y",))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "linear.tflite"
    path.write_bytes(tflite_bytes(linear_digits()))
    return path


def test_the_keys_are_those_that_scripts_count_on(model: Path, tmp_path: Path) -> None:
    made = answer("compile", model, "--device", "stm32f405rg", "--out", tmp_path / "out")
    assert set(made) == {
        *("bundle", "operators", "macs", "schedule", "latency", "no_latency"),
        *("sram_bytes", "flash_bytes"),
    }
    assert made["no_latency"] is None
    assert made["latency"]["estimated_ms"] > 0
    assert made["latency"]["without_figures"] == []
    assert made["operators"] == 1
    assert made["macs"] == 10 * linear_digits().tensors["image"].elements
    parts = made["sram_bytes"]
    assert parts["predicted"] == parts["arena"] + parts["static"] + parts["stack"]
    found = answer("validate", made["bundle"], "--simulator", "unicorn")
    assert list(found) == [
        *("simulator", "device", "vectors", "mismatched_bytes", "instructions"),
        *("instructions_per_mac", "sram_bytes", "flash_bytes", "layers"),
    ]
    assert set(found["sram_bytes"]) == {"predicted", "linked", "stack", "measured"}
    assert set(found["flash_bytes"]) == {"predicted", "measured"}
    assert found["mismatched_bytes"] == 0
    assert found["sram_bytes"]["predicted"] == made["sram_bytes"]["predicted"]


def test_compile_draws_the_memory_and_the_front(model: Path, tmp_path: Path) -> None:
    where = ("--device", "stm32f405rg", "--out", tmp_path / "out")
    pictures = tmp_path / "memory.svg", tmp_path / "front.svg"
    answer("compile", model, *where, "--plot", pictures[0], "--plot-front", pictures[1])
    for picture in pictures:
        assert "<svg" in picture.read_text()
    refused = tinynas("compile", model, *where, "--plot", tmp_path / "memory.gif")
    assert refused.exit_code == 2
    assert "memory.gif" in refused.output


def test_accuracy_on_the_device_is_the_references(model: Path, tmp_path: Path) -> None:
    answer("compile", model, "--device", "stm32f405rg", "--out", tmp_path / "out")
    asked = ("--dataset", "digits", "--limit", 60, "--simulator", "unicorn")
    found = answer("validate", tmp_path / "out", *asked)
    assert (found["dataset"], found["images"], found["vectors"]) == ("digits", 60, 60)
    assert found["mismatched_bytes"] == 0
    assert found["accuracy"]["device"] == found["accuracy"]["reference"] > 0.7
    people = tinynas("validate", tmp_path / "out", *asked)
    assert people.exit_code == 0
    assert "60 images of digits" in people.output
    half = tinynas("validate", tmp_path / "out", *asked, "--mean", 127.5, "--json")
    assert half.exit_code == 2
    assert json.loads(half.stdout)["error"]["field"] == "mean, std"


def test_an_image_that_comes_by_rows_is_not_in_sram_and_changes_no_byte(tmp_path: Path) -> None:
    options = RandomGraphOptions(min_size=12, max_size=20, blocks=(2, 3), classifier=5)
    graph = random_graph(np.random.default_rng(4), options)
    (tmp_path / "model.tflite").write_bytes(tflite_bytes(graph))
    images = {}
    for image in ("held", "rows"):
        out = tmp_path / image
        where = ("--device", "stm32f405rg", "--input", image, "--out", out)
        made = answer("compile", tmp_path / "model.tflite", *where)
        assert ("as the rows come in" in made["schedule"]) == (image == "rows")
        found = answer("validate", out, "--simulator", "unicorn")
        assert found["mismatched_bytes"] == 0
        bundle = load_bundle(out)
        shape = bundle.graph.tensors[bundle.graph.inputs[0]].shape
        rows = bundle.schedule.buffer_of(bundle.graph.inputs[0]).rows
        assert (rows < shape[1]) == (image == "rows")
        x = np.random.default_rng(0).integers(-128, 128, (5, *shape[1:]), dtype=np.int8)
        np.save(tmp_path / "x.npy", x)
        y = tmp_path / f"{image}.npy"
        answer("run", out, "--input", tmp_path / "x.npy", "--output", y)
        images[image] = np.load(y)
    assert np.array_equal(images["held"], images["rows"])


def test_an_image_that_cannot_come_by_rows_is_refused(model: Path, tmp_path: Path) -> None:
    where = ("--device", "stm32f405rg", "--input", "rows", "--out", tmp_path / "out")
    refused = tinynas("compile", model, *where, "--json")
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"]["field"] == "input"
    assert not (tmp_path / "out").exists()


def test_a_data_set_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "relu.tflite").write_bytes(tflite_bytes(relu_of(64)))
    answer(
        *("compile", tmp_path / "relu.tflite", "--device", "stm32f405rg"),
        *("--out", tmp_path / "out"),
    )
    refused = tinynas("validate", tmp_path / "out", "--dataset", "digits", "--json")
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"]["field"] == "dataset"


def test_a_network_that_leaves_the_firmware_no_room_is_refused_at_once(tmp_path: Path) -> None:
    device = load_device("stm32f401xe")
    for beyond, said in ((400, "firmware around it up to 512"), (900, "the model needs")):
        elements = (device.usable_sram_bytes + beyond) // 8 * 8
        (tmp_path / "relu.tflite").write_bytes(tflite_bytes(relu_of(elements)))
        arguments = ("compile", tmp_path / "relu.tflite", "--device", "stm32f401re")
        refused = tinynas(*arguments, "--out", tmp_path / "out", "--json")
        assert refused.exit_code == 2
        error = json.loads(refused.stdout)["error"]
        assert said in error["message"]
        assert (error["field"], error["budget_bytes"]) == ("sram", 96 * 1024)
        assert error["required_bytes"] > error["budget_bytes"]
        assert not (tmp_path / "out").exists()


def test_a_network_that_just_fits_builds_and_runs(tmp_path: Path) -> None:
    elements = (load_device("stm32f401xe").usable_sram_bytes - 32) // 8 * 8
    (tmp_path / "relu.tflite").write_bytes(tflite_bytes(relu_of(elements)))
    made = answer(
        *("compile", tmp_path / "relu.tflite", "--device", "stm32f401re"),
        *("--out", tmp_path / "out"),
    )
    left = load_device("stm32f401xe").usable_sram_bytes - made["sram_bytes"]["predicted"]
    assert 0 <= left < 64
    found = answer("validate", tmp_path / "out", "--simulator", "unicorn", "--limit", 2)
    assert found["mismatched_bytes"] == 0
    assert found["sram_bytes"]["measured"] == found["sram_bytes"]["predicted"]


def test_weights_without_ranges_ask_for_data_by_name(model: Path, tmp_path: Path) -> None:
    arguments = ("--device", "stm32f405rg", "--out", tmp_path / "out", "--json")
    (tmp_path / "model.pt").write_bytes(b"")
    refused = tinynas("compile", tmp_path / "model.pt", *arguments)
    assert refused.exit_code == 2
    error = json.loads(refused.stdout)["error"]
    assert error["field"] == "calibration"
    assert "--calibration DATA" in error["message"]
    refused = tinynas("compile", model, "--calibration", "digits", *arguments)
    assert refused.exit_code == 2
    assert "has activation ranges of its own" in json.loads(refused.stdout)["error"]["message"]
