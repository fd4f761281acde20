"""Sliding windows over [N, H, W, C] arrays of whole numbers held in floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Window, output_size


def padded(
    x: NDArray[np.generic], zero_point: int, window: Window, dtype: type[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """x - zero_point as `dtype`, with the window's padding of zeros around it."""
    top, bottom, left, right = window.padding
    count, rows, columns, channels = x.shape
    shape = (count, top + rows + bottom, left + columns + right, channels)
    out = np.zeros(shape, dtype) if any(window.padding) else np.empty(shape, dtype)
    np.subtract(x, dtype(zero_point), out=out[:, top : top + rows, left : left + columns])
    return out


def convolution_sums(
    image: NDArray[np.floating[Any]],
    matrix: NDArray[np.floating[Any]],
    bias: NDArray[np.floating[Any]],
    window: Window,
) -> NDArray[np.floating[Any]]:
    """Accumulators [N, rows, columns, O] of a padded image under weights [kh * kw * C, O]."""
    sums: NDArray[np.floating[Any]] = _columns(image, window) @ matrix
    sums += bias
    return sums


def _columns(image: NDArray[np.floating[Any]], window: Window) -> NDArray[np.floating[Any]]:
    """The window's patches of a padded image, [N, rows, columns, kh * kw * C]."""
    if window.kernel == (1, 1) and window.stride == (1, 1):
        return image
    rows, columns = _output_size(image, window)
    kernel_rows, kernel_columns = window.kernel
    channels = image.shape[-1]
    out = np.empty(
        (len(image), rows, columns, kernel_rows, kernel_columns, channels), dtype=image.dtype
    )
    for dy in range(kernel_rows):
        for dx in range(kernel_columns):
            out[:, :, :, dy, dx] = shifted(image, window, dy, dx, (rows, columns))
    return out.reshape(len(image), rows, columns, -1)


def depthwise_sums(
    image: NDArray[np.floating[Any]],
    taps: NDArray[np.floating[Any]],
    bias: NDArray[np.floating[Any]],
    window: Window,
) -> NDArray[np.floating[Any]]:
    """Accumulators [N, rows, columns, C] of a padded image under taps [kh, kw, C]."""
    rows, columns = _output_size(image, window)
    out = np.empty((len(image), rows, columns, image.shape[-1]), dtype=image.dtype)
    out[...] = bias
    product = np.empty_like(out)
    for dy, dx in np.ndindex(*window.kernel):
        view = shifted(image, window, dy, dx, (rows, columns))
        np.multiply(view, taps[dy, dx], out=product)
        out += product
    return out


def _output_size(image: NDArray[np.floating[Any]], window: Window) -> tuple[int, int]:
    unpadded = Window(window.kernel, window.stride)
    return output_size((image.shape[1], image.shape[2]), unpadded)


def shifted(
    image: NDArray[np.floating[Any]], window: Window, dy: int, dx: int, size: tuple[int, int]
) -> NDArray[np.floating[Any]]:
    """The pixels that tap (dy, dx) meets, one for each output pixel."""
    (stride_y, stride_x), (rows, columns) = window.stride, size
    return image[:, dy : dy + rows * stride_y : stride_y, dx : dx + columns * stride_x : stride_x]
