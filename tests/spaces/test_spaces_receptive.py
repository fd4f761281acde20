"""Receptive fields and halos, against dependencies followed row by row."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.schedule import Segment, SegmentKind
from tinynas.schedule.windows import axis_windows, receptive
from tinynas.spaces import (
    Architecture,
    NetworkShape,
    Subspace,
    load_space,
    network_of,
    parse_space,
    receptive_fields,
    skeleton,
)

SKIPPING = """
name: skipping
description: Strides larger than kernels, and sizes that they do not divide.
resolutions: [32, 45, 51]
width_multipliers: [0.5]
channel_divisor: 4
activation: relu6
stem: {channels: 8, kernel: 1, stride: 2}
first_block: {channels: 8, kernel: 5, stride: 1}
stages:
  - {channels: 8, stride: 3, depths: [1, 2], kernels: [1, 3], expansions: [2]}
  - {channels: 8, stride: 2, depths: [1], kernels: [1, 7], expansions: [2]}
"""


def networks(name: str, count: int = 12) -> list[NetworkShape]:
    space = parse_space(SKIPPING, source="x") if name == "skipping" else load_space(name)
    rng = np.random.default_rng(sum(map(ord, name)))
    return [
        network_of(
            Subspace(space, space.width_multipliers[0], int(rng.choice(space.resolutions))),
            architecture,
            classes=2,
            input_channels=1,
        )
        for architecture in Architecture.of_rows(space, space.sample(count, rng))
    ]


def dependencies(network: NetworkShape, blocks: int) -> np.ndarray:
    """Which rows of the image each output row depends on: bool [out, image]."""
    seen = np.eye(network.resolution, dtype=bool)
    layers = [(network.stem.kernel, network.stem.stride)]
    layers += [(b.kernel, b.stride) for b in network.blocks[:blocks]]
    for kernel, stride in layers:
        rows = len(seen)
        out = -(-rows // stride)
        before = max((out - 1) * stride + kernel - rows, 0) // 2
        after = np.zeros((out, seen.shape[1]), dtype=bool)
        for y in range(out):
            for tap in range(kernel):
                row = y * stride - before + tap
                if 0 <= row < rows:
                    after[y] |= seen[row]
        seen = after
    return seen


def hull(rows: np.ndarray) -> tuple[int, int]:
    """The first dependency to behind the last."""
    found = np.flatnonzero(rows)
    return int(found[0]), int(found[-1]) + 1


@pytest.mark.parametrize("name", ["tiny", "mcunet", "mcunetv2", "skipping"])
def test_patches_read_what_their_outputs_depend_on(name: str) -> None:
    for network in networks(name):
        for field in receptive_fields(network)[:6]:
            seen = dependencies(network, field.blocks)
            assert len(seen) == field.out_size
            for parts in {1, 2, 3, field.out_size} & set(range(1, field.out_size + 1)):
                edges = [field.out_size * i // parts for i in range(parts + 1)]
                expected = [hull(seen[a:b].any(axis=0)) for a, b in pairwise(edges)]
                assert field.image_rows(parts) == expected


@pytest.mark.parametrize("name", ["tiny", "mcunet", "mcunetv2"])
def test_size_stride_and_halo_are_those_of_pixels_away_from_the_borders(name: str) -> None:
    compared = 0
    for network in networks(name, 5):
        for field in receptive_fields(network):
            ranges = [hull(row) for row in dependencies(network, field.blocks)]
            inner = [r for r in ranges if r[0] > 0 and r[1] < network.resolution]
            for (low, high), (next_low, _) in pairwise(inner):
                assert (high - low, next_low - low) == (field.size, field.stride)
                assert max(high - next_low, 0) == field.halo
                compared += 1
    assert compared > 100


def test_the_planner_tiles_the_same_rows() -> None:
    for network in networks("mcunet"):
        graph = skeleton(network)
        ends = [i + 1 for i, op in enumerate(graph.ops) if op.name in ("b1.add", "b1.project")]
        field = receptive_fields(network)[2]
        segment = Segment(SegmentKind.PATCH, 0, ends[-1], (3, 3))
        rows = axis_windows(graph, segment, 0)[0]  # of the stem's output
        image = receptive(rows, 3, 2, field.windows[0].before, network.resolution)
        assert field.image_rows(3) == list(
            zip(image.low.tolist(), image.high.tolist(), strict=True)
        )


def test_redistribution_makes_the_halo_small() -> None:
    """At the split (an image reduced 8 times) the largest halo is less than mcunet's smallest."""

    def halos(name: str) -> list[int]:
        space = load_space(name)
        subspace = Subspace(space, 0.5, 144)
        rows = space.sample(200, np.random.default_rng(0))
        found = []
        for architecture in Architecture.of_rows(space, rows):
            network = network_of(subspace, architecture, classes=2, input_channels=3)
            found += [max(f.halo for f in receptive_fields(network) if f.stride == 8)]
        return found

    assert max(halos("mcunetv2")) == 35
    assert max(halos("mcunetv2")) < min(halos("mcunet"))


def test_more_patches_than_rows_are_refused() -> None:
    field = receptive_fields(networks("tiny", 1)[0])[-1]
    with pytest.raises(InvalidInputError) as error:
        field.image_rows(field.out_size + 1)
    assert error.value.field == "grid"
