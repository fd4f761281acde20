"""Networks that were drawn by hand, in float: trained and judged as subnets are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tinynas.graph.ir import Activation, Conv2D, DepthwiseConv2D, FullyConnected, Graph
from tinynas.spaces import DrawnNetwork
from tinynas.supernet.float_ops import combine, to_torch, weighted_ops
from tinynas.supernet.folded import FloatArray
from tinynas.supernet.layers import ConvNorm, activate_, normalise, weights_channels_last


class DrawnNet(nn.Module):
    """A `DrawnNetwork` with weights: batch norm after every convolution."""

    def __init__(self, network: DrawnNetwork) -> None:
        super().__init__()
        self.network = network
        self.parts = nn.ModuleDict()
        for op in network.graph.ops:
            shape = network.graph.tensors[op.inputs[-1]].shape
            source = network.graph.tensors[op.inputs[0]].shape[-1]
            match op.attributes:
                case Conv2D(window=w, activation=activation):
                    layer = ConvNorm(source, shape[0], w.kernel[0], w.stride[0], activation)
                case DepthwiseConv2D(window=w, activation=activation):
                    layer = ConvNorm(
                        source, source, w.kernel[0], w.stride[0], activation, depthwise=True
                    )
                case FullyConnected():
                    self.parts[op.name] = nn.Linear(source, shape[0])
                    continue
                case _:
                    continue
            self.parts[op.name] = layer
        weights_channels_last(self)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, classes] of normalised images [N, C, H, W]."""
        graph = self.network.graph
        tensors = {graph.inputs[0]: x}
        for op in graph.ops:
            if op.name in self.parts:
                tensors[op.outputs[0]] = self.parts[op.name](tensors[op.inputs[0]])
            else:
                y = combine(op, [tensors[name] for name in op.inputs])
                tensors[op.outputs[0]] = activate_(y, activation_of(op.attributes))
        return tensors[graph.outputs[0]]

    def layers(self) -> dict[str, ConvNorm]:
        """Every convolution by the name of the tensor it writes."""
        return {name: p for name, p in self.parts.items() if isinstance(p, ConvNorm)}

    def folded(self) -> dict[str, tuple[FloatArray, FloatArray]]:
        """(weight, bias) float32 by the name of the tensor that the op writes, as
        `Subnet.folded`."""
        weights = {}
        for name, part in self.parts.items():
            if isinstance(part, ConvNorm):
                weight, bias = part.folded()
                order = (1, 2, 3, 0) if part.groups > 1 else (0, 2, 3, 1)
                weight = weight.permute(order)
            else:
                dense = cast(nn.Linear, part)
                weight, bias = dense.weight.detach(), dense.bias.detach()
            weights[name] = _float32(weight), _float32(bias)
        return weights

    def inference(self, device: torch.device) -> FloatGraph:
        """Itself in `eval` mode, batch norm folded."""
        return FloatGraph(self.network.graph, self.folded(), device=device)


class FloatGraph:
    """The float network of any skeleton and its folded weights."""

    def __init__(
        self,
        graph: Graph,
        weights: Mapping[str, tuple[FloatArray, FloatArray]],
        *,
        device: torch.device | None = None,
    ) -> None:
        self._graph, self._device = graph, device or torch.device("cpu")
        self._weights: dict[str, tuple[Tensor, Tensor]] = {}
        for name, op in weighted_ops(graph, weights):
            weight, bias = weights[name]
            pair = to_torch(op, weight), torch.tensor(bias)
            self._weights[name] = pair[0].to(self._device), pair[1].to(self._device)

    @torch.no_grad()
    def logits(self, images: NDArray[np.uint8]) -> Tensor:
        """[N, classes] for uint8 images [N, H, W, C], on the processor."""
        for _, tensor in self.tensors(images):
            logits = tensor
        return logits.cpu()

    @torch.no_grad()
    def tensors(self, images: NDArray[np.uint8]) -> Iterator[tuple[str, Tensor]]:
        """(name, NCHW tensor) of every activation, in the order of execution."""
        graph = self._graph
        tensors = {graph.inputs[0]: normalise(images).to(self._device)}
        yield graph.inputs[0], tensors[graph.inputs[0]]
        for op in graph.ops:
            (name,) = op.outputs
            inputs = [tensors[n] for n in op.inputs if n in tensors]
            y = combine(op, inputs, *self._weights.get(name, ()))
            tensors[name] = activate_(y, activation_of(op.attributes))
            yield name, tensors[name]


def activation_of(attributes: object) -> Activation:
    """What is fused into an operator's output."""
    activation: Activation = getattr(attributes, "activation", Activation.NONE)
    return activation


def _float32(tensor: Tensor) -> FloatArray:
    return np.array(tensor.to(torch.float32).contiguous().cpu().numpy(), copy=True)
