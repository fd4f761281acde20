"""The float simulation is the int8 graph, but for the rounding of multipliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tinynas.graph.reference import run
from tinynas.quantise import (
    Calibrated,
    SimulatedGraph,
    calibrate,
    int8_input,
    quantise_network,
)
from tinynas.quantise.rules import activation_quantisation, range_of
from tinynas.supernet import normalise


@pytest.fixture
def calibrated(trained: Any) -> Calibrated:
    subnet, images = trained.subnet, trained.train_images[:256]
    return Calibrated(subnet.network, subnet.folded(), calibrate(subnet, images))


def test_every_op_gives_the_graphs_codes_or_their_neighbours(
    calibrated: Calibrated, trained: Any
) -> None:
    simulated = SimulatedGraph(calibrated)
    graph = quantise_network(simulated.calibrated())
    names = [op.outputs[0] for op in graph.ops]
    images = trained.test_images[:32]
    codes = run(graph, {"input": int8_input(images)}, keep=names)
    real = {"input": normalise(images)}
    for name in names:
        q = simulated.quantisation(name)
        assert q == graph.tensors[name].quantisation
        values = torch.from_numpy((codes[name].astype(np.float32) - q.zero_point) * q.scale[0])
        real[name] = values.permute(0, 3, 1, 2) if values.dim() == 4 else values
    for op in graph.ops:
        (name,) = op.outputs
        with torch.no_grad():
            got = simulated.quantised(op, simulated.accumulate(op, real))
        steps = (got - real[name]).abs() / simulated.quantisation(name).scale[0]
        assert steps.max() < 1.01, name
        assert (steps > 0.5).float().mean() < 0.01, name


def test_logits_follow_the_graph_through_all_layers(calibrated: Calibrated, trained: Any) -> None:
    simulated = SimulatedGraph(calibrated)
    graph = quantise_network(simulated.calibrated())
    images = trained.test_images[:200]
    codes = run(graph, {"input": int8_input(images)})["logits"]
    q = simulated.quantisation("logits")
    with torch.no_grad():
        got = simulated(normalise(images)).numpy() / q.scale[0] + q.zero_point
    assert (got.argmax(1) == codes.argmax(1)).mean() > 0.98
    assert np.abs(got - codes).mean() < 1


def test_ranges_come_back_as_they_went_in() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        low, high = -(10.0 ** rng.uniform(-4, 2)), 10.0 ** rng.uniform(-4, 2)
        q = activation_quantisation((low, high))
        assert activation_quantisation(range_of(q)) == q


def test_settled_values_come_back_as_they_went_in(calibrated: Calibrated) -> None:
    simulated = SimulatedGraph(calibrated)
    settled = simulated.calibrated()
    for name, (weight, bias) in calibrated.weights.items():
        np.testing.assert_array_equal(settled.weights[name][0], weight)
        np.testing.assert_array_equal(settled.weights[name][1], bias)
    for name, values in settled.ranges.items():
        wanted = activation_quantisation(calibrated.ranges[name])
        got = activation_quantisation(values)
        assert got.zero_point == wanted.zero_point
        assert got.scale[0] == pytest.approx(wanted.scale[0], rel=1e-5)


def test_gradients_reach_every_parameter(calibrated: Calibrated, trained: Any) -> None:
    simulated = SimulatedGraph(calibrated)
    loss = torch.nn.functional.cross_entropy(
        simulated(normalise(trained.train_images[:16])), torch.zeros(16, dtype=torch.int64)
    )
    loss.backward()
    for name, parameter in simulated.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # The mean of one pixel is on its tensor's grid already, whatever the scale.
        assert parameter.grad.abs().sum() > 0 or name == "log_scales.pool", name


def test_the_gradient_of_a_scale_is_that_of_learned_step_sizes(calibrated: Calibrated) -> None:
    simulated = SimulatedGraph(calibrated)
    op = next(o for o in simulated.graph.ops if o.outputs == ("b1.project",))
    q = simulated.quantisation("b1.project")
    scale, zero_point = q.scale[0], q.zero_point
    x = torch.tensor([0.3, 1.4, 1000.0, -1000.0]) * scale
    x.requires_grad_()
    weights = torch.tensor([1.0, 2.0, 3.0, 5.0])
    (simulated.quantised(op, x) * weights).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [1, 2, 0, 0])
    # dy/ds is round(x/s) - x/s within the range and the last code beyond it; ours is times s.
    high, low = 127 - zero_point, -128 - zero_point
    wanted = scale * (-0.3 * 1 - 0.4 * 2 + 3 * high + 5 * low)
    got = simulated.log_scales["b1/project"].grad
    assert got is not None
    assert got.item() == pytest.approx(wanted, rel=1e-4)
