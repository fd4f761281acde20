"""Trained networks keep their accuracy, and awkward ones quantise soundly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tinynas.errors import CancelledError, InvalidInputError
from tinynas.graph.arithmetic import requantisation
from tinynas.graph.ir import DType, Graph
from tinynas.graph.reference import run
from tinynas.progress import Event, Reporter
from tinynas.quantise import (
    INPUT_QUANTISATION,
    Calibrated,
    Estimator,
    calibrate,
    int8_accuracy,
    int8_input,
    quantise,
    quantise_network,
    signal_to_noise,
)
from tinynas.spaces import skeleton


def real(graph: Graph, name: str, codes: np.ndarray) -> np.ndarray:
    q = graph.tensors[name].quantisation
    assert q is not None
    return (codes.astype(np.float64) - q.zero_point) * q.scale[0]


@pytest.mark.parametrize("estimator", list(Estimator))
def test_int8_accuracy_stays_within_a_point_of_float(trained: Any, estimator: Estimator) -> None:
    graph = quantise(trained.subnet, trained.train_images[:256], estimator=estimator)
    accuracy = int8_accuracy(graph, trained.test_images, trained.test_labels)
    assert trained.float_accuracy() > 0.93
    assert accuracy >= trained.float_accuracy() - 0.01


def test_every_tensor_follows_the_float_network(trained: Any) -> None:
    graph = quantise(trained.subnet, trained.train_images[:256])
    ratios = signal_to_noise(trained.subnet, graph, trained.test_images[:64])
    assert list(ratios) == [op.outputs[0] for op in graph.ops]
    assert min(ratios.values()) > 15, ratios
    assert max(ratios.values()) < 60, ratios


def test_a_tensor_quantised_coarsely_is_the_noisy_one(trained: Any) -> None:
    weights, network = trained.subnet.folded(), trained.subnet.network
    ranges = calibrate(trained.subnet, trained.train_images[:64])
    fine = quantise_network(Calibrated(network, weights, ranges))
    low, high = ranges["b1.project"]
    wide = ranges | {"b1.project": (20 * low, 20 * high)}
    coarse = quantise_network(Calibrated(network, weights, wide))
    images = trained.test_images[:32]
    before, after = (signal_to_noise(trained.subnet, g, images) for g in (fine, coarse))
    assert after["b0.depthwise"] == before["b0.depthwise"]
    assert after["b1.project"] < before["b1.project"] - 5


def test_the_graph_is_the_skeleton_with_numbers(trained: Any) -> None:
    graph = quantise(trained.subnet, trained.train_images[:64])
    bare = skeleton(trained.subnet.network)
    assert graph.ops == bare.ops
    assert list(graph.tensors) == list(bare.tensors)
    for tensor in graph.tensors.values():
        assert tensor.shape == bare.tensors[tensor.name].shape
        assert tensor.quantisation is not None
        assert (tensor.data is not None) == tensor.constant
        scales = np.array(tensor.quantisation.scale)
        np.testing.assert_array_equal(scales.astype(np.float32).astype(np.float64), scales)
    assert graph.tensors["input"].quantisation == INPUT_QUANTISATION


def test_constants_keep_the_rules_of_litert(trained: Any) -> None:
    graph = quantise(trained.subnet, trained.train_images[:64])
    for op in graph.ops:
        if len(op.inputs) < 3:
            continue
        x, weight, bias = (graph.tensors[n] for n in op.inputs)
        assert x.quantisation is not None
        assert weight.quantisation is not None
        assert bias.quantisation is not None
        assert weight.dtype is DType.INT8
        assert weight.quantisation.zero_point == 0
        assert weight.quantisation.axis == (3 if op.kind == "DepthwiseConv2D" else 0)
        assert len(weight.quantisation.scale) == weight.shape[weight.quantisation.axis]
        assert weight.data is not None
        assert np.abs(weight.data.astype(int)).max() == 127
        products = x.quantisation.scale[0] * np.array(weight.quantisation.scale)
        np.testing.assert_allclose(bias.quantisation.scale, products, rtol=1e-6)


def test_relu6_outputs_start_at_minus_128_and_linear_ones_hold_zero(trained: Any) -> None:
    graph = quantise(trained.subnet, trained.train_images[:64])
    for name, tensor in graph.tensors.items():
        if tensor.constant or name == "input":
            continue
        assert tensor.quantisation is not None
        assert -128 <= tensor.quantisation.zero_point <= 127
        if name == "stem" or name.endswith((".expand", ".depthwise")):
            assert tensor.quantisation.zero_point == -128
            assert tensor.quantisation.scale[0] * 255 <= 6.001


def test_quantising_twice_gives_the_same_graph(trained: Any) -> None:
    first, second = (quantise(trained.subnet, trained.train_images[:64]) for _ in range(2))
    assert first == second
    for name, tensor in first.tensors.items():
        if tensor.data is not None:
            np.testing.assert_array_equal(tensor.data, second.tensors[name].data)


def test_dead_and_zero_channels_quantise(subnet: Any, images: np.ndarray) -> None:
    layer = subnet.layers()["b1.depthwise"]
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter[0] = 0.0  # weights, and batch norm's factor and offset
    graph = quantise(subnet, images)
    weight = graph.tensors["b1.depthwise.weight"]
    assert weight.data is not None
    assert not weight.data[..., 0].any()
    kept = run(graph, {"input": int8_input(images[:4])}, keep=["b1.depthwise"])
    assert (real(graph, "b1.depthwise", kept["b1.depthwise"])[..., 0] == 0).all()


def test_a_network_of_zeros_quantises(subnet: Any, images: np.ndarray) -> None:
    with torch.no_grad():
        for parameter in subnet.parameters():
            parameter.zero_()
    graph = quantise(subnet, images, estimator="mse")
    logits = run(graph, {"input": int8_input(images[:2])})["logits"]
    assert (real(graph, "logits", logits) == 0).all()


def test_a_bias_that_dwarfs_its_weights_stays_in_int32(subnet: Any, images: np.ndarray) -> None:
    with torch.no_grad():
        subnet.classifier.weight[3] *= 1e-9
        subnet.classifier.bias[3] = 5.0
    graph = quantise(subnet, images)
    bias = graph.tensors["logits.bias"]
    assert bias.data is not None
    assert 1 << 25 < bias.data[3] < (1 << 26) + 100
    requantisation(graph, graph.ops[-1])
    logits = real(graph, "logits", run(graph, {"input": int8_input(images)})["logits"])
    np.testing.assert_allclose(logits[:, 3], 5.0, atol=0.1)


def test_a_constant_image_still_gives_ranges(subnet: Any) -> None:
    images = np.full((4, 16, 16, 1), 128, dtype=np.uint8)
    graph = quantise(subnet, images, estimator="percentile")
    run(graph, {"input": int8_input(images)})


def test_a_diverged_network_is_refused(subnet: Any, images: np.ndarray) -> None:
    with torch.no_grad():
        subnet.classifier.weight[0, 0] = torch.nan
    with pytest.raises(InvalidInputError, match="logits is not finite"):
        calibrate(subnet, images)


@pytest.mark.parametrize("shape", [(0, 16, 16, 1), (3, 16, 16, 3), (3, 8, 8, 1), (16, 16, 1)])
def test_images_of_another_shape_are_refused(subnet: Any, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="expected is one or more"):
        calibrate(subnet, np.zeros(shape, dtype=np.uint8))


def test_minmax_ranges_are_what_occurs(subnet: Any, images: np.ndarray) -> None:
    ranges = calibrate(subnet, images)
    for name, values in subnet.activations(images).items():
        low, high = ranges[name]
        assert low == pytest.approx(float(values.min()), rel=1e-5, abs=1e-6)
        assert high == pytest.approx(float(values.max()), rel=1e-5, abs=1e-6)


def test_int8_input_is_the_pixel_less_128() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(int8_input(pixels), np.arange(-128, 128))
    assert int8_input(pixels).dtype == np.int8


def test_accuracy_counts_the_largest_outputs(subnet: Any, images: np.ndarray) -> None:
    graph = quantise(subnet, images)
    predicted = run(graph, {"input": int8_input(images)})["logits"].argmax(axis=1)
    labels = predicted.astype(np.int64)
    labels[::4] = (labels[::4] + 1) % 10
    events: list[Event] = []
    reporter = Reporter("quantise", events.append)
    assert int8_accuracy(graph, images, labels, reporter=reporter) == 0.75
    assert events[-1].data == {"done": 40, "total": 40, "unit": "images"}


def test_accuracy_can_be_cancelled(subnet: Any, images: np.ndarray) -> None:
    graph = quantise(subnet, images)
    with pytest.raises(CancelledError):
        int8_accuracy(graph, images, np.zeros(40, int), reporter=Reporter(cancelled=lambda: True))


def test_accuracy_needs_a_label_an_image(subnet: Any, images: np.ndarray) -> None:
    graph = quantise(subnet, images)
    with pytest.raises(InvalidInputError, match="40 images and 3 labels"):
        int8_accuracy(graph, images, np.zeros(3, int))
