"""Networks drawn by hand go the same way as those of a space: trained, quantised, exported."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.litert import run_litert_model
from tinynas.data import Dataset, load_dataset
from tinynas.export import tflite_bytes
from tinynas.finetune import finetune, quantisation_aware_finetune
from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.ir import Activation, Concat, MaxPool2D
from tinynas.graph.reference import run
from tinynas.quantise import (
    best_post_training,
    int8_accuracy,
    int8_input,
    post_training,
    quantise_network,
)
from tinynas.quantise.ties import leaders, tie
from tinynas.spaces import Drawing, DrawnNetwork, Subspace, load_space, network_of, skeleton
from tinynas.supernet import (
    DrawnNet,
    FloatGraph,
    FoldedNetwork,
    Subnet,
    TrainingPlan,
    accuracy,
    logits,
    recalibrate,
)


def drawn(resolution: int = 16) -> DrawnNetwork:
    """A fire module, a pool, a residual sum with an activation: what no space has."""
    d = Drawing(resolution, 1)
    x = d.conv("input", 8, 3, 2, Activation.RELU)
    squeezed = d.conv(x, 6)
    x = d.concat(d.conv(squeezed, 8), d.conv(squeezed, 8, 3))
    x = d.max_pool(x, 3, 2)
    y = d.conv(d.depthwise(x, 3), 16, activation=Activation.NONE)
    x = d.add(x, y, Activation.RELU)
    return d.network(d.dense(d.mean(x), 10))


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits").at(16)


@pytest.fixture(scope="module")
def net(digits: Dataset) -> DrawnNet:
    torch.manual_seed(0)
    plan = TrainingPlan(images=6000, batch_size=32, threads=1, learning_rate=1e-2)
    trained = finetune(DrawnNet(drawn()), None, digits, plan)
    assert isinstance(trained, DrawnNet)
    return trained


def test_it_learns_and_folding_changes_nothing(net: DrawnNet, digits: Dataset) -> None:
    assert accuracy(net, digits.test) > 0.85
    from tinynas.supernet import normalise

    with torch.no_grad():
        unfolded = net.eval()(normalise(digits.test.images[:50])).numpy()
    np.testing.assert_allclose(logits(net, digits.test.images[:50]), unfolded, atol=1e-3)


def test_int8_keeps_its_accuracy_and_litert_agrees(net: DrawnNet, digits: Dataset) -> None:
    way = best_post_training(net, digits.calibration_images())
    graph = quantise_network(way.calibrated)
    test = digits.test
    assert int8_accuracy(graph, test.images, test.labels) > accuracy(net, test) - 0.02
    inputs = int8_input(test.images)
    (found,) = run_litert_model(tflite_bytes(graph), [inputs])
    np.testing.assert_array_equal(found, run(graph, {"input": inputs})[graph.outputs[0]])


def test_training_on_keeps_tied_scales_tied(net: DrawnNet, digits: Dataset) -> None:
    start = post_training(net, digits.calibration_images())
    plan = TrainingPlan(images=320, batch_size=32, threads=1, learning_rate=1e-3)
    graph = quantise_network(quantisation_aware_finetune(start, net, digits, plan))
    for op in graph.ops:
        if isinstance(op.attributes, (Concat, MaxPool2D)):
            tied = [graph.tensors[n] for n in (*op.inputs, *op.outputs)]
            assert len({(scale_of(t), zero_point_of(t)) for t in tied}) == 1


def test_ties_run_through_chains() -> None:
    graph = drawn().graph
    leader = leaders(graph)
    concat = next(op for op in graph.ops if isinstance(op.attributes, Concat))
    pool = next(op for op in graph.ops if isinstance(op.attributes, MaxPool2D))
    group = {*concat.inputs, *concat.outputs, *pool.outputs}
    assert len({leader[name] for name in group}) == 1
    assert all(leader[n] == n for n in leader if n not in group)
    ranges = {name: (float(-i), float(i)) for i, name in enumerate(leader)}
    tied = tie(graph, ranges)
    widest = max(ranges[name][1] for name in group)
    assert {tied[name] for name in group} == {(-widest, widest)}


def test_a_point_of_a_space_computes_the_same_either_way() -> None:
    space = load_space("tiny")
    shape = network_of(Subspace(space, 0.25, 16), space.largest, classes=3, input_channels=1)
    subnet = Subnet(shape)
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 1), dtype=np.uint8)
    recalibrate(subnet, images)
    folded = subnet.folded()
    one = dict(FoldedNetwork(shape, folded).tensors(images))
    other = dict(FloatGraph(skeleton(shape), folded).tensors(images))
    assert list(one) == list(other)
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, rtol=1e-4, atol=1e-4)


def test_the_drawing_says_what_it_is() -> None:
    network = drawn(20)
    assert (network.resolution, network.input_channels, network.classes) == (20, 1, 10)
    assert skeleton(network, name="fire").name == "fire"
