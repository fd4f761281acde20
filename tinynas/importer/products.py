"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

import numpy as np

from tinynas.graph.ir import (
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Quantisation,
    Tensor,
)
from tinynas.importer.place import Place
from tinynas.importer.windows import check_dilation, spread, window_of
from tinynas.tflite import TensorType


def convolution(place: Place) -> None:
    table = "Conv2DOptions"
    x, weights = _operands(place, rank=4, axis=0)
    channels, *kernel, in_channels = weights.shape
    if len(x.shape) == 4 and x.shape[3] != in_channels:
        place.complain(
            f"its input has {x.shape[3]} channels, its weights {in_channels}: grouped convolution"
        )
    check_dilation(place, table, (kernel[0], kernel[1]))
    attributes = Conv2D(window_of(place, table, x, (kernel[0], kernel[1])), place.fused(table))
    bias = _bias(place, channels)
    place.emit(attributes, (x, weights, bias), spread(x, attributes.window, channels))


def depthwise(place: Place) -> None:
    table = "DepthwiseConv2DOptions"
    x, weights = _operands(place, rank=4, axis=3)
    one, rows, columns, channels = weights.shape
    multiplier = place.option(table, "depth_multiplier")
    if one != 1 or multiplier * x.shape[-1] != channels:
        place.complain(
            f"its weights have shape {list(weights.shape)} for {x.shape[-1]} input channels and "
            f"depth multiplier {multiplier}"
        )
    check_dilation(place, table, (rows, columns))
    window = window_of(place, table, x, (rows, columns))
    attributes = DepthwiseConv2D(window, multiplier, place.fused(table))
    bias = _bias(place, channels)
    place.emit(attributes, (x, weights, bias), spread(x, window, channels))


def fully_connected(place: Place) -> None:
    table = "FullyConnectedOptions"
    x, weights = _operands(place, rank=2, axis=0)
    channels, depth = weights.shape
    if place.option(table, "weights_format") != 0:
        place.complain("its weights are shuffled; allowed is the default format")
    keep = bool(place.option(table, "keep_num_dims"))
    if x.elements % depth or (keep and x.shape[-1] != depth):
        raise place.refuse(
            f"its input has shape {list(x.shape)}, its weights {list(weights.shape)}"
        )
    shape = (*x.shape[:-1], channels) if keep else (x.elements // depth, channels)
    attributes = FullyConnected(place.fused(table))
    place.emit(attributes, (x, weights, _bias(place, channels)), shape)


def _operands(place: Place, rank: int, axis: int) -> tuple[Tensor, Tensor]:
    """The activation and the weights, whose scales are one, or one a channel of `axis`."""
    place.count_inputs(2, 3)
    x = place.activation(0)
    declared = place.file_input(1)
    shape = place.constant(1, TensorType.INT8).shape
    if len(shape) != rank:
        raise place.refuse(f"its weights have shape {list(shape)}; allowed are {rank} dimensions")
    found = declared.quantisation
    count = 0 if found is None else len(found.scale)
    if found is None or count not in (1, shape[axis]) or (count > 1 and found.axis != axis):
        raise place.refuse(
            f"its weights {declared} have {count} scales; allowed is 1, or {shape[axis]} along "
            f"dimension {axis}"
        )
    if any(found.zero_point):
        raise place.refuse(f"its weights {declared} have zero points other than 0")
    scales = Quantisation(found.scale, axis=axis if count > 1 else None)
    return x, place.stored(1, "weight", TensorType.INT8, scales)


def _bias(place: Place, channels: int) -> Tensor:
    """The bias [O]; zeros where there is none."""
    data = np.zeros(channels, dtype=np.int32)
    if place.has_input(2):
        data = place.constant(2, TensorType.INT32)
    if data.size != channels:
        raise place.refuse(f"its bias has shape {list(data.shape)} for {channels} channels")
    name = f"{place.output_name}.bias"
    name = place.draft.add_tensor(name, (channels,), None, DType.INT32, data.reshape(channels))
    return place.draft.tensors[name]
