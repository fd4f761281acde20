"""Memory as the MCUNet paper's engine counts it (TinyEngine, arXiv 2007.10319, section 3.2).

SRAM: input and output of the largest op, the image counted at the stem, depthwise in place with one
output plane beside it, residual inputs not held; two int16 im2col columns and one padded depthwise
plane as buffers; the firmware's own few kilobytes.  Flash: a byte a weight, 8 bytes a channel for
bias and scale, the engine's code.  The figures are of the published setting, not of the code that
this project generates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.population import Population

IntArray = NDArray[np.int64]

CODE_BYTES = 64 * 1024
"""Code of the engine; published libraries are between 50 and 100 kB."""

RUNTIME_BYTES = 8 * 1024
"""Stack and static data of the firmware, which share a part's SRAM with the arena."""

_BYTES_A_CHANNEL = 8
_BYTES_A_COLUMN = 4


def published_sram(population: Population) -> IntArray:
    """Peak SRAM, layer by layer: [subspaces, N]."""
    first, shapes = population.tables.first, population.tables.blocks.shapes
    pixels_in, pixels_out = shapes.in_size**2, shapes.out_size**2
    x, expanded = pixels_in * shapes.in_channels, pixels_in * shapes.expanded
    depthwise, projected = pixels_out * shapes.expanded, pixels_out * shapes.out_channels
    blocks = np.maximum(x + expanded, expanded + pixels_out)
    blocks = np.maximum(blocks, depthwise + projected)
    plane = np.where(shapes.expanded > 0, (shapes.in_size + shapes.kernel - 1) ** 2, 0)

    stem = first.stem_size**2 * first.stem_channels
    out = first.out_size**2 * first.out_channels
    filtered = first.out_size**2 * first.stem_channels
    image = first.resolution**2 * first.input_channels
    fixed = np.maximum(image + stem, np.maximum(stem + first.out_size**2, filtered + out))
    fixed_plane = (first.stem_size + first.block_window.kernel - 1) ** 2

    peak = np.maximum(fixed[:, None], population.largest(blocks))
    planes = np.maximum(fixed_plane[:, None], population.largest(plane))
    columns = np.maximum(first.stem_taps, first.stem_channels)[:, None]
    columns = np.maximum(columns, population.largest(shapes.expanded))
    sram: IntArray = peak + _BYTES_A_COLUMN * columns + planes + RUNTIME_BYTES
    return sram


def published_flash(population: Population) -> IntArray:
    """Weights, constants and code: [subspaces, N]."""
    first, blocks = population.tables.first, population.tables.blocks
    shapes, kernel = blocks.shapes, first.block_window.kernel
    weights = shapes.expanded * (shapes.in_channels + shapes.kernel**2 + shapes.out_channels)
    channels = 2 * shapes.expanded + shapes.out_channels
    searched = population.total(weights + _BYTES_A_CHANNEL * channels)
    fixed = first.stem_channels * (first.stem_taps + kernel**2 + first.out_channels)
    fixed_channels = 2 * first.stem_channels + first.out_channels
    fixed = fixed + _BYTES_A_CHANNEL * fixed_channels
    classifier = population.behind(blocks.classifier_macs) + _BYTES_A_CHANNEL * blocks.classes
    flash: IntArray = fixed[:, None] + searched + classifier + CODE_BYTES
    return flash
