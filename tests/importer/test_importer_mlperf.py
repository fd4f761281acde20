"""The MLPerf Tiny reference models, where `TINYNAS_DATA_DIR` has them."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.litert import run_litert_model
from tinynas.graph.edges import run_model
from tinynas.importer import read_tflite

INPUTS = 200


def data_file(name: str) -> Path:
    folder = os.environ.get("TINYNAS_DATA_DIR")
    if folder is None:
        pytest.skip(f"TINYNAS_DATA_DIR is not set: {name} not tested")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"TINYNAS_DATA_DIR has no {name}")
    return path


def assert_same_bytes(model: bytes, x: np.ndarray) -> None:
    graph = read_tflite(model)
    (expected,) = run_litert_model(model, [x])
    (got,) = run_model(graph, [x])
    assert expected.shape[0] == INPUTS
    np.testing.assert_array_equal(got, expected)
    assert len(np.unique(expected.argmax(axis=-1))) > 1


@pytest.mark.parametrize(
    ("file", "shape", "macs"),
    [
        ("mlperf_tiny_ic_resnet8_int8.tflite", (32, 32, 3), 12_501_632),
        ("mlperf_tiny_kws_dscnn_int8.tflite", (49, 10, 1), 2_656_768),
    ],
)
def test_random_inputs_give_the_bytes_of_litert(
    file: str, shape: tuple[int, ...], macs: int
) -> None:
    model = data_file(f"models/{file}").read_bytes()
    assert read_tflite(model).macs == macs
    rng = np.random.default_rng(0)
    # Noise of several strengths around several levels: uniform noise alone is one class.
    level = rng.integers(-100, 100, (INPUTS, 1, 1, shape[-1]))
    noise = rng.normal(0, 1, (INPUTS, *shape)) * rng.uniform(1, 90, (INPUTS, 1, 1, 1))
    assert_same_bytes(model, np.clip(level + noise, -128, 127).astype(np.int8))


def test_photographs_give_the_bytes_of_litert() -> None:
    model = data_file("models/mlperf_tiny_ic_resnet8_int8.tflite").read_bytes()
    archive = np.load(data_file("cifar10_q95.npz"))
    jpegs, offsets = archive["test_jpeg"], archive["test_off"]
    files = (jpegs[offsets[i] : offsets[i + 1]].tobytes() for i in range(INPUTS))
    images = np.stack([np.asarray(Image.open(BytesIO(file))) for file in files])
    assert_same_bytes(model, (images.astype(np.int16) - 128).astype(np.int8))
