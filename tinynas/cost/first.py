"""What the fixed layers before the searched blocks cost, in many subspaces at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import (
    BlockBytes,
    Channels,
    align,
    block_bytes,
    dense_scratch,
    overlapped,
    whole_extent,
)
from tinynas.cost.op_constants import add_constants, dense_constants, depthwise_constants
from tinynas.cost.tiles import Windows
from tinynas.graph.ir import Tensor, same_padding
from tinynas.schedule.overlap import Reads, overlap_distance, whole
from tinynas.spaces import Subspace

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class FirstLayers:
    """The stem and the fixed first block in every subspace: arrays [subspaces]."""

    subspaces: tuple[Subspace, ...]
    input_channels: int

    @cached_property
    def resolution(self) -> IntArray:
        return np.array([s.resolution for s in self.subspaces], dtype=np.int64)

    @cached_property
    def stem_channels(self) -> IntArray:
        base = self.subspaces[0].space.stem.channels
        return np.array([s.channels(base) for s in self.subspaces], dtype=np.int64)

    @cached_property
    def out_channels(self) -> IntArray:
        base = self.subspaces[0].space.first_block.channels
        return np.array([s.channels(base) for s in self.subspaces], dtype=np.int64)

    @property
    def stem_window(self) -> Windows:
        return self._window(
            self.subspaces[0].space.stem.kernel, self.subspaces[0].space.stem.stride
        )

    @property
    def block_window(self) -> Windows:
        first = self.subspaces[0].space.first_block
        return self._window(first.kernel, first.stride)

    def _window(self, kernel: int, stride: int) -> Windows:
        return Windows(np.full_like(self.resolution, kernel), np.full_like(self.resolution, stride))

    @cached_property
    def stem_size(self) -> IntArray:
        return -(-self.resolution // self.stem_window.stride)

    @cached_property
    def out_size(self) -> IntArray:
        return -(-self.stem_size // self.block_window.stride)

    @cached_property
    def residual(self) -> BoolArray:
        unstrided = self.subspaces[0].space.first_block.stride == 1
        residual: BoolArray = (self.stem_channels == self.out_channels) & unstrided
        return residual

    @property
    def channels(self) -> Channels:
        """Of the fixed block."""
        return Channels(self.stem_channels, self.stem_channels, self.out_channels, False)

    @property
    def ops(self) -> IntArray:
        return 3 + self.residual.astype(np.int64)

    @property
    def stem_taps(self) -> IntArray:
        return self.stem_window.kernel**2 * self.input_channels

    @cached_property
    def input_bytes(self) -> IntArray:
        return align(self.resolution**2 * self.input_channels)

    @cached_property
    def stem_bytes(self) -> IntArray:
        return align(self.stem_size**2 * self.stem_channels)

    @cached_property
    def stem_distance(self) -> IntArray:
        """How far the stem's output must stay below the image (bytes), whole words."""
        sizes = zip(
            self.subspaces, self.stem_size.tolist(), self.stem_channels.tolist(), strict=True
        )
        return align(np.array([self._distance(*s) for s in sizes], dtype=np.int64))

    def _distance(self, subspace: Subspace, size: int, channels: int) -> int:
        stem, n = subspace.space.stem, subspace.resolution
        before = same_padding((n, n), (stem.kernel,) * 2, (stem.stride,) * 2)[0]
        image = whole(Tensor("image", (1, n, n, self.input_channels)))
        out = whole(Tensor("stem", (1, size, size, channels)))
        return overlap_distance(Reads((stem.stride,) * 2, (before, before)), image, out)

    @cached_property
    def layer_arena(self) -> tuple[IntArray, IntArray]:
        """Least arena that leaves the fixed block's output at the bottom, and at the top.

        Where the depthwise output reaches under the stem's and that under the image, the distances
        add up; beside one another they take their whole lengths.
        """
        block, scratch = self.block, dense_scratch(self.stem_taps)
        stem = overlapped(self.input_bytes, self.stem_bytes, self.stem_distance) + scratch
        lead = align(block.lead_bytes)
        both_under = self.input_bytes + self.stem_distance + np.maximum(lead, scratch)
        beside_stem = self.stem_bytes + block.depthwise
        beside_image = self.input_bytes + self.stem_bytes + scratch
        chained = np.minimum(both_under, np.minimum(beside_stem, beside_image))
        bottom = np.maximum(stem, np.maximum(block.peak, np.where(self.residual, 0, chained)))
        rise = block.depthwise + block.projected + block.project_scratch
        return bottom, np.maximum(bottom, np.where(self.residual, 0, rise))

    @cached_property
    def block(self) -> BlockBytes:
        """Of the fixed block, over whole tensors."""
        extent = whole_extent(self.stem_size, self.out_size, self.block_window)
        return block_bytes(extent, self.channels, self.residual)

    @cached_property
    def macs_per_pixel(self) -> tuple[IntArray, IntArray]:
        """Of the stem, and of the fixed block's output (depthwise and projection)."""
        kernel = self.block_window.kernel
        block = self.stem_channels * (kernel**2 + self.out_channels)
        return self.stem_taps * self.stem_channels, block

    @cached_property
    def macs(self) -> IntArray:
        stem, block = self.macs_per_pixel
        return self.stem_size**2 * stem + self.out_size**2 * block

    @cached_property
    def constants(self) -> IntArray:
        """Flash of weights, requantisation and descriptors (bytes)."""
        stem, block = int(self.stem_window.kernel[0]), int(self.block_window.kernel[0])
        return np.array(
            [
                dense_constants(self.input_channels, c, stem)
                + depthwise_constants(c, block)
                + dense_constants(c, out, 1)
                + (add_constants() if residual else 0)
                for c, out, residual in zip(
                    self.stem_channels.tolist(),
                    self.out_channels.tolist(),
                    self.residual,
                    strict=True,
                )
            ],
            dtype=np.int64,
        )
