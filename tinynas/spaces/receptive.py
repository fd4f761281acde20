"""What a network's first blocks see of the image: receptive fields, and the halo of patches.

Patches of a block's output read overlapping parts of the image; the overlap is the halo, and every
op before the last computes its share of it again (MCUNetV2, arXiv:2110.15352, section 3.2).  Rows
and columns are alike: images are square and so are kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import same_padding
from tinynas.spaces.network import NetworkShape

Rows = tuple[int, int]
"""From the first to before the last."""


@dataclass(frozen=True)
class _Window:
    """A sliding window over `in_size` rows with `before` rows of padding above them."""

    kernel: int
    stride: int
    in_size: int
    before: int

    def reads(self, rows: Rows) -> Rows:
        """Rows of the input, clipped to it, that output rows need; none read nothing."""
        low, high = rows
        first = low * self.stride - self.before
        last = (high - 1) * self.stride - self.before + self.kernel
        first, last = max(first, 0), min(last, self.in_size)
        return (first, last) if low < high and first < last else (first, first)


@dataclass(frozen=True)
class ReceptiveField:
    """Of one output pixel of the stem (`blocks` 0) or of the block number `blocks - 1`.

    `size`: rows of the image it depends on, away from the borders; `stride`: rows from one pixel's
    field to the next one's; `out_size`: rows of the output.
    """

    blocks: int
    size: int
    stride: int
    out_size: int
    windows: tuple[_Window, ...]

    @property
    def halo(self) -> int:
        """Rows of the image that two neighbouring patches both read, away from the borders."""
        return max(self.size - self.stride, 0)

    def image_rows(self, parts: int) -> list[Rows]:
        """What each of `parts` patches along an axis reads of the image, exactly.

        Raises:
            InvalidInputError: more parts than the output has rows, or none.
        """
        if not 1 <= parts <= self.out_size:
            raise InvalidInputError(
                f"{parts} patches along an axis of {self.out_size} rows",
                field="grid",
                given=parts,
                allowed=f"1 to {self.out_size}",
            )
        edges = [self.out_size * part // parts for part in range(parts + 1)]
        return [self._reads(rows) for rows in pairwise(edges)]

    def _reads(self, rows: Rows) -> Rows:
        for window in reversed(self.windows):
            rows = window.reads(rows)
        return rows


def receptive_fields(network: NetworkShape) -> list[ReceptiveField]:
    """The receptive field behind the stem, and behind each block in order."""
    stem = network.stem
    layers = [(stem.kernel, stem.stride, stem.in_size)]
    layers += [(b.kernel, b.stride, b.in_size) for b in network.blocks]
    fields: list[ReceptiveField] = []
    size, stride, windows = 1, 1, []
    for blocks, (kernel, step, in_size) in enumerate(layers):
        before = same_padding((in_size,) * 2, (kernel,) * 2, (step,) * 2)[0]
        windows.append(_Window(kernel, step, in_size, before))
        size += (kernel - 1) * stride
        stride *= step
        fields.append(ReceptiveField(blocks, size, stride, -(-in_size // step), tuple(windows)))
    return fields
