"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

from tinynas.graph.ir import AveragePool2D, MaxPool2D, Mean, Reshape, Tensor, Transpose
from tinynas.importer.place import Place
from tinynas.importer.windows import spread, window_of


def average_pool(place: Place) -> None:
    _pool(place, AveragePool2D)


def max_pool(place: Place) -> None:
    _pool(place, MaxPool2D)


def _pool(place: Place, kind: type[AveragePool2D] | type[MaxPool2D]) -> None:
    table = "Pool2DOptions"
    place.count_inputs(1)
    x = place.activation(0)
    kernel = (place.option(table, "filter_h"), place.option(table, "filter_w"))
    window = window_of(place, table, x, kernel)
    attributes = kind(window, place.fused(table))
    place.emit(attributes, (x,), spread(x, window, x.shape[-1]))


def mean(place: Place) -> None:
    """Over all dimensions but the first and one more, which holds the channels."""
    place.count_inputs(2)
    x = place.activation(0)
    rank = len(x.shape)
    axes = {axis + rank if axis < 0 else axis for axis in place.sizes(1)}
    keep = bool(place.option("ReducerOptions", "keep_dims"))
    # Over a dimension of 1 there is nothing to add up.
    real = {axis for axis in range(1, rank) if axis in axes and x.shape[axis] > 1}
    left = [axis for axis in range(1, rank) if axis not in real and x.shape[axis] > 1]
    if not axes <= set(range(1, rank)) or len(left) > 1 or len(real) > 2:
        raise place.refuse(
            f"its axes are {sorted(axes)} of a shape {list(x.shape)}; allowed are height and width"
        )
    shape = tuple(
        1 if axis in axes else n for axis, n in enumerate(x.shape) if keep or axis not in axes
    )
    channels = x.shape[left[0]] if left else 1
    image = _nhwc(place, x, sorted(real), left)
    if shape in ((1, channels), (1, 1, 1, channels)):
        place.emit(Mean(), (image,), shape)
        return
    scale = place.quantisation(place.file_output)
    pooled = place.add(Mean(), (image,), f"{place.output_name}.mean", (1, channels), scale)
    place.emit(Reshape(), (pooled,), shape)


def _nhwc(place: Place, x: Tensor, summed: list[int], left: list[int]) -> Tensor:
    """x with the summed dimensions second and third, the one that is left last."""
    sizes = [x.shape[axis] for axis in summed]
    rows, columns = (*sizes, 1, 1)[:2]
    channels = x.shape[left[0]] if left else 1
    if left and summed and left[0] < summed[-1]:
        x = _channels_last(place, x, summed, left[0])
    shape = (1, rows, columns, channels)
    if x.shape == shape:
        return x
    return place.add(Reshape(), (x,), f"{place.output_name}.nhwc", shape, x.quantisation)


def _channels_last(place: Place, x: Tensor, summed: list[int], channel: int) -> Tensor:
    ones = [axis for axis in range(1, len(x.shape)) if axis not in (*summed, channel)]
    permutation = (0, *ones, *summed, channel)
    shape = tuple(x.shape[axis] for axis in permutation)
    name = f"{place.output_name}.turned"
    return place.add(Transpose(permutation), (x,), name, shape, x.quantisation)
