"""Overlap distances are safe, and none smaller is: checked byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.schedule.kernels import Overlap
from tinynas.schedule.overlap import Reads, View, overlap_distance
from tinynas.schedule.windows import TileWindow


def is_safe(
    reads: Reads, kernel: tuple[int, int], size: tuple[int, int], source: View, out: View, at: int
) -> bool:
    """Whether no byte is overwritten before its last use, the output at 0 and the input at `at`."""
    overwritten: set[int] = set()
    for y in range(out.window.y0, out.window.y1):
        for x in range(out.window.x0, out.window.x1):
            pixels = [
                at
                + ((r - source.window.y0) * source.columns + c - source.window.x0) * source.channels
                for r in range(y * reads.stride[0] - reads.before[0], 1 << 30)[: kernel[0]]
                for c in range(x * reads.stride[1] - reads.before[1], 1 << 30)[: kernel[1]]
                if 0 <= r < size[0] and 0 <= c < size[1]
            ]
            target = ((y - out.window.y0) * out.columns + x - out.window.x0) * out.channels
            for c in range(out.channels):
                channels = (c,) if reads.order is Overlap.ELEMENT else range(source.channels)
                if any(p + k in overwritten for p in pixels for k in channels):
                    return False
                if reads.order is Overlap.ELEMENT:
                    overwritten.add(target + c)
            overwritten.update(range(target, target + out.channels))
    return True


@pytest.mark.parametrize("seed", range(120))
def test_the_distance_is_safe_and_the_least(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = tuple(int(v) for v in rng.integers(1, 6, 2))
    stride = tuple(int(v) for v in rng.integers(1, 4, 2))
    before = tuple(int(rng.integers(0, k)) for k in kernel)
    size = tuple(int(v) for v in rng.integers(3, 9, 2))
    # As many outputs as still begin on the input.
    out_size = tuple((n - 1 + b) // s + 1 for n, s, b in zip(size, stride, before, strict=True))
    order = Overlap.ELEMENT if rng.random() < 0.5 else Overlap.PIXEL
    channels = int(rng.integers(1, 4))
    out_channels = channels if order is Overlap.ELEMENT else int(rng.integers(1, 5))
    reads = Reads((stride[0], stride[1]), (before[0], before[1]), order)
    source = View(TileWindow(0, size[0], 0, size[1]), size[1] + int(rng.integers(0, 2)), channels)
    out = View(TileWindow(0, out_size[0], 0, out_size[1]), out_size[1], out_channels)
    distance = overlap_distance(reads, source, out)

    def safe(at: int) -> bool:
        return is_safe(reads, (kernel[0], kernel[1]), (size[0], size[1]), source, out, at)

    assert all(safe(at) for at in range(distance, distance + 2 * channels))
    if distance > -source.bytes and order is Overlap.PIXEL:
        assert not safe(distance - 1)


@pytest.mark.parametrize("seed", range(60))
def test_tiles_count_from_their_own_first_row_and_column(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel, size = int(rng.choice([1, 3, 5])), 12
    stride = int(rng.integers(1, 3))
    before = kernel // 2
    outputs = (size - 1) // stride + 1
    y0, x0 = (int(v) for v in rng.integers(0, outputs - 1, 2))
    y1, x1 = int(rng.integers(y0 + 1, outputs + 1)), int(rng.integers(x0 + 1, outputs + 1))

    def first(v: int) -> int:
        return max(v * stride - before, 0)

    def last(v: int) -> int:
        return min((v - 1) * stride - before + kernel, size)

    held = TileWindow(first(y0), last(y1), first(x0), last(x1))
    reads = Reads((stride, stride), (before, before))
    source = View(held, held.columns + int(rng.integers(0, 3)), 2)
    out = View(TileWindow(y0, y1, x0, x1), x1 - x0 + int(rng.integers(0, 3)), 3)
    distance = overlap_distance(reads, source, out)
    assert is_safe(reads, (kernel, kernel), (size, size), source, out, distance)
    if distance > -source.bytes:
        assert not is_safe(reads, (kernel, kernel), (size, size), source, out, distance - 1)


def test_pointwise_expansion_needs_the_whole_difference_but_one_pixel() -> None:
    """48 channels from 8 over 10 x 10 pixels: 99 pixels are written before the last is read."""
    window = TileWindow(0, 10, 0, 10)
    assert overlap_distance(Reads(), View(window, 10, 8), View(window, 10, 48)) == 99 * 40
