"""The int8 graph in float, with gradients: what it computes, and what training can change in it.

Every tensor is rounded to the values that its int8 codes stand for, by the rules of the graph
itself (`tinynas.quantise.rules`), so that only the rounding of fixed-point multipliers differs: an
output is off by one code now and then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, autograd, nn

from tinynas.graph.arithmetic import activation_range
from tinynas.graph.ir import Activation, DType, Op, Quantisation
from tinynas.quantise.network import Calibrated
from tinynas.quantise.rules import (
    INPUT_QUANTISATION,
    SMALLEST_SPAN,
    activation_quantisation,
    quantise_constants,
    range_of,
)
from tinynas.quantise.ties import leaders, tie
from tinynas.spaces import skeleton
from tinynas.supernet.float_ops import combine, to_graph, to_torch, weighted_ops

_SMALLEST_SCALE = np.float32(SMALLEST_SPAN / 255)


class SimulatedGraph(nn.Module):
    """An int8 graph whose weights, biases and activation scales are parameters.

    Gradients pass straight through rounding.  Those of a scale are Esser et al.'s (2020, learned
    step size quantisation, arXiv 1902.08153), taken of its logarithm so that one learning rate
    suits all.  Zero points stay.
    """

    def __init__(self, calibrated: Calibrated) -> None:
        super().__init__()
        self.network = calibrated.network
        self.graph = skeleton(calibrated.network)
        self.zero_points: dict[str, int] = {}
        self._leaders = leaders(self.graph)
        ranges = tie(self.graph, calibrated.ranges)
        self.log_scales = nn.ParameterDict()
        for op in self.graph.ops:
            (name,) = op.outputs
            q = activation_quantisation(ranges[name])
            self.zero_points[name] = q.zero_point
            if self._leaders[name] == name:
                self.log_scales[_key(name)] = nn.Parameter(torch.tensor(q.scale[0]).log())
        self.weights, self.biases = nn.ParameterDict(), nn.ParameterDict()
        for name, op in weighted_ops(self.graph, calibrated.weights):
            weight, bias = calibrated.weights[name]
            self.weights[_key(name)] = nn.Parameter(to_torch(op, weight))
            self.biases[_key(name)] = nn.Parameter(torch.tensor(bias))

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes] of normalised images [N, C, H, W]."""
        tensors = {self.graph.inputs[0]: images}
        for op in self.graph.ops:
            tensors[op.outputs[0]] = self.quantised(op, self.accumulate(op, tensors))
        return tensors[self.graph.outputs[0]]

    def accumulate(self, op: Op, tensors: Mapping[str, Tensor]) -> Tensor:
        """What `op` computes of `tensors` before its output is clamped and rounded."""
        inputs = [tensors[n] for n in op.inputs if n in tensors]
        key = _key(op.outputs[0])
        if key not in self.weights:
            return combine(op, inputs)
        weight, bias = self.weights[key], self.biases[key]
        in_scale = self.quantisation(op.inputs[0]).scale[0]
        constants = quantise_constants(
            weight.detach().numpy(), bias.detach().numpy(), in_scale, axis=0
        )
        rounded = [torch.from_numpy(values) for values in constants.real()]
        return combine(op, inputs, _passing(weight, rounded[0]), _passing(bias, rounded[1]))

    def quantised(self, op: Op, values: Tensor) -> Tensor:
        """`values` of the op's output after its activation function, rounded to its codes."""
        (name,) = op.outputs
        q = self.quantisation(name)
        activation = getattr(op.attributes, "activation", Activation.NONE)
        low, high = activation_range(activation, q.scale[0], q.zero_point, DType.INT8)
        log_scale = self._log_scale(name)
        limits = low - q.zero_point, high - q.zero_point
        return cast(Tensor, _Round.apply(values, log_scale, q.scale[0], *limits))  # type: ignore[no-untyped-call]

    def _log_scale(self, name: str) -> Tensor:
        """The parameter that a tensor shares with those it is tied to."""
        return cast(Tensor, self.log_scales[_key(self._leaders[name])])

    def quantisation(self, name: str) -> Quantisation:
        """Scale and zero point of an activation tensor as they are now."""
        if name in self.graph.inputs:
            return INPUT_QUANTISATION
        scale = np.float32(np.exp(self._log_scale(name).item()))
        return Quantisation((float(max(scale, _SMALLEST_SCALE)),), self.zero_points[name])

    def calibrated(self) -> Calibrated:
        """Weights and ranges as they are now: what this graph is, in integers."""
        weights = {}
        for op in self.graph.ops:
            key = _key(op.outputs[0])
            if key in self.weights:
                bias = self.biases[key].detach().numpy().copy()
                weights[op.outputs[0]] = to_graph(op, self.weights[key]), bias
        ranges = {name: range_of(self.quantisation(name)) for name in self.zero_points}
        return Calibrated(self.network, weights, ranges)


def _key(name: str) -> str:
    """Parameters' names have no dots."""
    return name.replace(".", "/")


def _passing(value: Tensor, rounded: Tensor) -> Tensor:
    """`rounded`, with `value`'s gradient."""
    return value + (rounded - value).detach()


class _Round(autograd.Function):
    """scale * clamp(round(x / scale), low, high)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, _log_scale: Tensor, scale: float, low: int, high: int
    ) -> Tensor:
        y = (x / scale).round_().clamp_(low, high).mul_(scale)
        ctx.save_for_backward(x, y)
        # What rounds to an end is not yet cut off.
        ctx.limits = (low - 0.5) * scale, (high + 0.5) * scale
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, y = ctx.saved_tensors
        passing = torch.ops.aten.hardtanh_backward(gradient, x, *ctx.limits)
        # d y / d log scale is y - x where x is passed on, y where it is cut off.
        of_scale = _dot(gradient, y) - _dot(passing, x)
        return passing, of_scale, None, None, None


def _dot(a: Tensor, b: Tensor) -> Tensor:
    if a.dim() == 4:
        a, b = a.permute(0, 2, 3, 1), b.permute(0, 2, 3, 1)
    return torch.dot(a.reshape(-1), b.reshape(-1))
