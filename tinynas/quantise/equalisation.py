"""Cross-layer equalisation: rescaling channels between layers so that 8 bits suit all of them.

Nagel et al. 2019 (arXiv 1906.04721, section 4.1) scale channel i of a tensor down where its
producer's weights are large and its consumer's small, and up in the opposite case, so that weights
with one scale a layer serve every channel.  Our weights have one scale a channel, so the producer's
rows cost nothing; what its channels do share is the scale of the activation tensor.  Hence the
range of the channel's activations stands here for that of the producer's weights, and a depthwise
consumer, with a scale of its own for every channel, has no say.

What is exact: scaling commutes with convolutions and with ReLU for every input.  ReLU6 cuts all
channels at 6, so a channel that reaches 6 on the images is left alone and no other is scaled beyond
6: the network is unchanged for every input on which no channel exceeds its largest value on the
images.  Beyond that value the cut at 6 comes earlier (channels scaled up) or later (down).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Activation, Conv2D, DepthwiseConv2D, Graph, Op
from tinynas.quantise.calibration import activations
from tinynas.quantise.network import FloatNetwork, Folded
from tinynas.spaces import skeleton

_CUT = 6.0
# Images say little about a channel that they hardly excite.
_LARGEST_FACTOR = 16.0


def equalise(network: FloatNetwork, images: NDArray[np.uint8]) -> Folded:
    """The same function of other weights, by what channels reach on images [N, H, W, C].

    Raises:
        InvalidInputError: the images are of another shape.
    """
    graph = skeleton(network.network)
    weights = dict(network.folded())
    largest = _largest(network, images)
    for producer, consumer in _links(graph):
        name, reader = producer.outputs[0], consumer.outputs[0]
        factors = _factors(producer, consumer, largest[name], weights[reader][0])
        weight, bias = weights[name]
        weights[name] = _scaled(producer, weight, factors, into=False), _product(bias, factors)
        weight, bias = weights[reader]
        weights[reader] = _scaled(consumer, weight, 1 / factors, into=True), bias
    return Folded(network.network, weights)


def _links(graph: Graph) -> Iterator[tuple[Op, Op]]:
    """(producer, consumer) of each tensor that only one convolution reads: its scales are free."""
    for producer in graph.ops:
        (name,) = producer.outputs
        readers = [op for op in graph.ops if name in op.inputs]
        if (
            isinstance(producer.attributes, (Conv2D, DepthwiseConv2D))
            and len(readers) == 1
            and isinstance(readers[0].attributes, (Conv2D, DepthwiseConv2D))
        ):
            yield producer, readers[0]


def _largest(network: FloatNetwork, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """The largest magnitude of each channel, by tensor name."""
    largest: dict[str, NDArray[np.float64]] = {}
    for name, values in activations(network, images):
        peaks = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0).astype(np.float64)
        largest[name] = np.maximum(largest.get(name, peaks), peaks)
    return largest


def _factors(
    producer: Op, consumer: Op, largest: NDArray[np.float64], reader: NDArray[np.float32]
) -> NDArray[np.float64]:
    """What to multiply each channel [C] by; the largest value of the tensor stays what it is."""
    live = (largest > 0) & _free(producer, largest)
    shares = _shares(consumer, reader)
    live &= shares > 0
    if not live.any():
        return np.ones_like(largest)
    wanted = np.sqrt(shares[live] * largest[live])
    if isinstance(consumer.attributes, DepthwiseConv2D):
        wanted = np.ones(len(wanted))
    factors = np.ones_like(largest)
    factors[live] = wanted / wanted.max() * largest.max() / largest[live]
    return np.clip(factors, 1 / _LARGEST_FACTOR, _LARGEST_FACTOR)


def _free(producer: Op, largest: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Channels whose scale the activation function leaves open."""
    assert isinstance(producer.attributes, (Conv2D, DepthwiseConv2D))  # noqa: S101
    if producer.attributes.activation is Activation.RELU6:
        return largest < _CUT
    return np.ones(len(largest), dtype=np.bool_)


def _shares(consumer: Op, weight: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far each input channel [C] fills the range of the consumer's weights, at most 1.

    Every output channel has its own range, so the share counts within it.
    """
    if isinstance(consumer.attributes, DepthwiseConv2D):
        return np.ones(weight.shape[-1])
    columns = np.abs(weight).max(axis=(1, 2)).astype(np.float64)
    rows = columns.max(axis=1, keepdims=True)
    shares: NDArray[np.float64] = (columns / np.where(rows > 0, rows, 1.0)).max(axis=0)
    return shares


def _scaled(
    op: Op, weight: NDArray[np.float32], factors: NDArray[np.float64], *, into: bool
) -> NDArray[np.float32]:
    """`weight` times factors of the op's output channels, or of the channels it takes `into`."""
    if isinstance(op.attributes, DepthwiseConv2D) or into:
        return _product(weight, factors)  # the last axis of 1HWC, and of OHWI
    return _product(weight, factors[:, None, None, None])


def _product(values: NDArray[np.float32], factors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(values * factors, dtype=np.float32)
