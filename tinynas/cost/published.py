"""Memory as the MCUNet paper's engine counts it (TinyEngine, arXiv 2007.10319, section 3.2).

SRAM: input and output of the largest op, the image counted at the stem, a residual's input held,
depthwise in place with one output plane beside it; two int16 columns of the widest convolution and
the largest padded depthwise plane as buffers.  Flash: a byte a weight, a 32-bit bias and a 32-bit
scale a channel, the engine's code.  No mix layer of 1,280 channels.  The figures are of the
published setting, not of the code that this project generates.

The paper's kilobytes are taken as 1,000 bytes, and datasheets' as 1,024; so that a budget of 320 KB
means the paper's 320 kB, costs are given in bytes of a budget: 1,024 for a thousand that are used.
Nothing is fitted to the paper's results; `python -m benchmarks.subspace_grid` shows what each of
these statements is worth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.population import Population

IntArray = NDArray[np.int64]

CODE_BYTES = 50_000
"""Code of the engine: published libraries take 50 to 100 kB, and this one is generated for the ops
of a network alone, so it is counted with the smallest."""

BYTES_A_CHANNEL = 4 + 4
"""Bias and scale."""

BYTES_A_COLUMN_CHANNEL = 2 * 2
"""Two columns of int16, as CMSIS-NN's convolutions gather them."""


def published_sram(population: Population) -> IntArray:
    """Peak SRAM, layer by layer, in bytes of a budget: [subspaces, N]."""
    return budget_bytes(activation_bytes(population) + buffer_bytes(population))


def published_flash(population: Population, code_bytes: int = CODE_BYTES) -> IntArray:
    """Weights, constants and code, in bytes of a budget: [subspaces, N]."""
    return budget_bytes(constant_bytes(population) + code_bytes)


def budget_bytes(used: IntArray) -> IntArray:
    """The least budget (1 KB = 1,024 bytes) that has as many of the paper's kB (1,000 bytes)."""
    budget: IntArray = -(-used * 1024 // 1000)
    return budget


def activation_bytes(population: Population) -> IntArray:
    """Activations live at once at worst (bytes): [subspaces, N]."""
    first, blocks = population.tables.first, population.tables.blocks
    shapes = blocks.shapes
    pixels_in, pixels_out = shapes.in_size**2, shapes.out_size**2
    x, expanded = pixels_in * shapes.in_channels, pixels_in * shapes.expanded
    depthwise, projected = pixels_out * shapes.expanded, pixels_out * shapes.out_channels
    kept = np.where(blocks.residual, x, 0)
    searched = np.maximum(x + expanded, kept + expanded + pixels_out)
    searched = np.maximum(searched, kept + depthwise + projected)

    image = first.resolution**2 * first.input_channels
    stem = first.stem_size**2 * first.stem_channels
    out = first.out_size**2 * first.out_channels
    filtered = first.out_size**2 * first.stem_channels
    kept = np.where(first.residual, stem, 0)
    fixed = np.maximum(image + stem, kept + stem + first.out_size**2)
    fixed = np.maximum(fixed, kept + filtered + out)
    activations: IntArray = np.maximum(fixed[:, None], population.largest(searched))
    return activations


def buffer_bytes(population: Population) -> IntArray:
    """The kernels' buffers, there all the time (bytes): [subspaces, N]."""
    first, shapes = population.tables.first, population.tables.blocks.shapes
    plane = np.where(shapes.expanded > 0, (shapes.in_size + shapes.kernel - 1) ** 2, 0)
    fixed_plane = (first.stem_size + first.block_window.kernel - 1) ** 2
    planes = np.maximum(fixed_plane[:, None], population.largest(plane))
    widest = np.maximum(first.stem_taps, first.stem_channels)[:, None]
    widest = np.maximum(widest, population.largest(shapes.expanded))
    buffers: IntArray = BYTES_A_COLUMN_CHANNEL * widest + planes
    return buffers


def constant_bytes(population: Population) -> IntArray:
    """Weights, biases and scales (bytes): [subspaces, N]."""
    first, blocks = population.tables.first, population.tables.blocks
    shapes, kernel = blocks.shapes, first.block_window.kernel
    weights = shapes.expanded * (shapes.in_channels + shapes.kernel**2 + shapes.out_channels)
    channels = 2 * shapes.expanded + shapes.out_channels
    searched = population.total(weights + BYTES_A_CHANNEL * channels)
    fixed = first.stem_channels * (first.stem_taps + kernel**2 + first.out_channels)
    fixed_channels = 2 * first.stem_channels + first.out_channels
    fixed = fixed + BYTES_A_CHANNEL * fixed_channels
    classifier = population.behind(blocks.classifier_macs) + BYTES_A_CHANNEL * blocks.classes
    constants: IntArray = fixed[:, None] + searched + classifier
    return constants
