"""Arena bytes of blocks in closed form, over arrays of any shape.

The same figures that `tinynas.schedule` finds by placing buffers, for the blocks that spaces are
made of: what is live during each op, outputs over inputs as far as the kernels allow.  All sizes
are in bytes and whole words; tiles and whole tensors differ in their pixel counts alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.tiles import Parts, Windows
from tinynas.schedule.packing import ALIGNMENT

IntArray = NDArray[np.int64]

IMPOSSIBLE = 1 << 50
"""An arena larger than any."""


def align(size: IntArray) -> IntArray:
    """Rounded up to whole words."""
    aligned: IntArray = -(-size // ALIGNMENT) * ALIGNMENT
    return aligned


def overlapped(source: IntArray, out: IntArray, distance: IntArray) -> IntArray:
    """Bytes of an input and of an output that may reach into it as far as `distance` allows."""
    both: IntArray = np.maximum(out, source + align(np.maximum(distance, 0)))
    return both


def dense_scratch(taps: IntArray) -> IntArray:
    """Two gathered pixels of int16, see `tinynas.schedule.kernels.scratch_bytes`."""
    scratch: IntArray = 4 * align(taps)
    return scratch


@dataclass(frozen=True)
class Extent:
    """Pixels that a block works on: `entering` of its input and expanded tensor, `leaving` of the
    depthwise output and all after it; `lead` is how many pixels the depthwise kernel's writing is
    ahead of its reading at worst (its overlap distance a channel).
    """

    entering: IntArray
    leaving: IntArray
    lead: IntArray


@dataclass(frozen=True)
class Channels:
    """Channels of a block's input, expanded tensor and output.  A fixed first block expands not."""

    entering: IntArray
    expanded: IntArray
    leaving: IntArray
    has_expansion: bool = True


@dataclass(frozen=True)
class BlockBytes:
    """Buffers of a block (bytes), and the most that is live at once: `peak`.

    A residual block's input is live throughout.  `lead_bytes` is the depthwise overlap distance.
    `final_peak` is what the block needs of the arena as the last of a patch segment, beside the
    segment's input and output.
    """

    x: IntArray
    expanded: IntArray
    depthwise: IntArray
    projected: IntArray
    expand_scratch: IntArray
    project_scratch: IntArray
    lead_bytes: IntArray
    peak: IntArray
    final_peak: IntArray


def block_bytes(extent: Extent, channels: Channels, residual: NDArray[np.bool_]) -> BlockBytes:
    """What a block holds; arrays broadcast."""
    x = align(extent.entering * channels.entering)
    expanded = align(extent.entering * channels.expanded)
    depthwise = align(extent.leaving * channels.expanded)
    projected = align(extent.leaving * channels.leaving)
    expand_scratch = dense_scratch(channels.entering) if channels.has_expansion else 0 * x
    project_scratch = dense_scratch(channels.expanded)
    kept = np.where(residual, x, 0)

    widening = pointwise_distance(extent.entering, channels.entering, channels.expanded)
    expanding = np.where(residual, x + expanded, overlapped(x, expanded, widening))
    lead_bytes = extent.lead * channels.expanded
    over = overlapped(expanded, depthwise, lead_bytes)
    if channels.has_expansion:
        filtering = kept + over
    else:  # the depthwise kernel reads the block's own input
        expanding = 0 * x
        filtering = np.where(residual, x + depthwise, over)
    narrowing = pointwise_distance(extent.leaving, channels.expanded, channels.leaving)
    projecting = kept + overlapped(depthwise, projected, narrowing) + project_scratch
    adding = kept + projected
    before = np.maximum(expanding + expand_scratch, filtering)
    return BlockBytes(
        x,
        expanded,
        depthwise,
        projected,
        expand_scratch,
        project_scratch,
        lead_bytes,
        peak=np.maximum(before, np.maximum(projecting, adding)),
        final_peak=np.maximum(
            before, np.where(residual, np.maximum(projecting, adding), depthwise + project_scratch)
        ),
    )


def whole_extent(in_size: IntArray, out_size: IntArray, window: Windows) -> Extent:
    """Of a block over whole, square tensors."""
    lead = Parts.of(out_size, 1).lead(window, in_size)
    return Extent(in_size**2, out_size**2, lead * (out_size + 1))


def pointwise_distance(pixels: IntArray, before: IntArray, after: IntArray) -> IntArray:
    """The overlap distance of a pointwise convolution over `pixels` pixels (bytes)."""
    distance: IntArray = (pixels - 1) * np.maximum(after - before, 0)
    return distance


def end_costs(block: BlockBytes, channels: Channels, residual: NDArray[np.bool_]) -> IntArray:
    """Least arena of a block whose input and output lie at given ends: [..., from, to].

    Ends: 0 the bottom, 1 the top of the arena, as in `tinynas.schedule.pieces`.  An output reaches
    under its input, so expanding in place starts from the top.  From the bottom the expanded tensor
    lies beside the input; to the top the projected one lies beside the depthwise one.  A residual
    sum lies where the block's input was, or at the other end: over the projected tensor there, or
    beside both that it adds.
    """
    beside_depthwise = block.depthwise + block.projected + block.project_scratch
    from_bottom = np.maximum(block.peak, _beside_input(block, channels))
    to_top = np.maximum(block.peak, beside_depthwise)
    elsewhere = np.minimum(beside_depthwise, 2 * block.projected)
    across = np.maximum(block.peak, block.x + elsewhere)
    bottom = np.where(residual, block.peak, from_bottom)
    rise = np.where(residual, across, np.maximum(from_bottom, to_top))
    fall = np.where(residual, across, block.peak)
    top = np.where(residual, block.peak, to_top)
    return np.stack([np.stack([bottom, rise], -1), np.stack([fall, top], -1)], -2)


def final_costs(
    block: BlockBytes, channels: Channels, residual: NDArray[np.bool_]
) -> tuple[IntArray, IntArray]:
    """Least arena of a patch segment's last block, its input at the bottom, and at the top."""
    from_bottom = np.maximum(block.final_peak, _beside_input(block, channels))
    return np.where(residual, block.final_peak, from_bottom), block.final_peak


def _beside_input(block: BlockBytes, channels: Channels) -> IntArray:
    """What a block needs whose input lies at the bottom, where nothing reaches under it.

    Without an expansion it is the depthwise kernel that cannot, unless nothing has to.
    """
    if channels.has_expansion:
        return block.x + block.expanded + block.expand_scratch
    return np.where(block.lead_bytes > 0, block.x + block.depthwise, 0)


def before(costs: IntArray, bottom: IntArray, top: IntArray) -> tuple[IntArray, IntArray]:
    """Least arenas from a block's input at the bottom and at the top onwards, from those behind it;
    the inverse direction of `through`."""
    below, above = (
        np.minimum(np.maximum(costs[..., start, 0], bottom), np.maximum(costs[..., start, 1], top))
        for start in (0, 1)
    )
    return below, above


def through(costs: IntArray, bottom: IntArray, top: IntArray) -> tuple[IntArray, IntArray]:
    """Least arenas that reach the bottom and the top behind a block, from those before it."""
    below, above = (
        np.minimum(np.maximum(bottom, costs[..., 0, end]), np.maximum(top, costs[..., 1, end]))
        for end in (0, 1)
    )
    return below, above
