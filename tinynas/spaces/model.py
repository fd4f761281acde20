"""SearchSpace, Subspace and Architecture: what can be chosen, and one choice of it.

The genes of a space are laid out as `[depth, (kernel, expansion, width) x deepest]` stage after
stage, and where resolutions are searched, theirs last; an architecture is a row of indices into
their choices, so a population is one integer array [N, genes].  Genes of blocks that the depth
leaves out are 0 in a canonical row, so equal networks have equal rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation


class BlockKind(StrEnum):
    """What stands between a block's depthwise convolution and its projection."""

    MBCONV = "mbconv"
    """Batch norm and the activation function (MobileNetV2, arXiv:1801.04381)."""
    FRIENDLY = "friendly"
    """Nothing: batch norm gives channels that hardly vary weights which 8 bits cannot hold beside
    the others' (Sheng et al. 2018, arXiv:1803.08607)."""


@dataclass(frozen=True)
class FixedLayer:
    """A layer of the space that is not searched (channels before the width multiplier)."""

    channels: int
    kernel: int
    stride: int


@dataclass(frozen=True)
class Stage:
    """A run of blocks; the first has the stage's stride."""

    channels: int
    stride: int
    depths: tuple[int, ...]
    kernels: tuple[int, ...]
    expansions: tuple[int, ...]
    widths: tuple[float, ...] = (1.0,)

    @property
    def deepest(self) -> int:
        return max(self.depths)


@dataclass(frozen=True)
class Gene:
    """One searched choice, e.g. `stage2.block0.kernel` out of (3, 5, 7)."""

    name: str
    choices: tuple[float, ...]


@dataclass(frozen=True)
class SearchSpace:
    """`searched_resolutions`: pixels that are a choice of every network, none where a subspace has
    one for all of its networks."""

    name: str
    description: str
    resolutions: tuple[int, ...]
    width_multipliers: tuple[float, ...]
    channel_divisor: int
    activation: Activation
    stem: FixedLayer
    first_block: FixedLayer
    stages: tuple[Stage, ...]
    block: BlockKind = BlockKind.MBCONV
    searched_resolutions: tuple[int, ...] = ()

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        genes: list[Gene] = []
        for s, stage in enumerate(self.stages):
            genes.append(Gene(f"stage{s}.depth", stage.depths))
            for b in range(stage.deepest):
                genes.append(Gene(f"stage{s}.block{b}.kernel", stage.kernels))
                genes.append(Gene(f"stage{s}.block{b}.expansion", stage.expansions))
                genes.append(Gene(f"stage{s}.block{b}.width", stage.widths))
        if self.searched_resolutions:
            genes.append(Gene("resolution", self.searched_resolutions))
        return tuple(genes)

    def with_resolutions(self, resolutions: Iterable[int]) -> SearchSpace:
        """The space with these resolutions (pixels) as a choice of every network; one or none is
        no choice."""
        different = tuple(sorted(set(resolutions)))
        return replace(self, searched_resolutions=different if len(different) > 1 else ())

    def stage_offsets(self) -> list[int]:
        """Index of each stage's depth gene in a row."""
        offsets = [0]
        for stage in self.stages:
            offsets.append(offsets[-1] + 1 + 3 * stage.deepest)
        return offsets[:-1]

    @cached_property
    def reduction(self) -> int:
        """By how much the strides reduce an image's side: no image may be smaller (pixels)."""
        stages = prod(stage.stride for stage in self.stages)
        return self.stem.stride * self.first_block.stride * stages

    def subspaces(self, resolutions: Sequence[int] | None = None) -> list[Subspace]:
        """Every (width, resolution) pair, widths outermost; all resolutions if none are named."""
        return [
            Subspace(self, width, resolution)
            for width in self.width_multipliers
            for resolution in (self.resolutions if resolutions is None else resolutions)
        ]

    def canonical(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows [N, genes] with the genes of absent blocks set to 0."""
        rows = np.array(rows, dtype=np.int64, copy=True)
        for offset, stage in zip(self.stage_offsets(), self.stages, strict=True):
            depth = np.asarray(stage.depths)[rows[:, offset]]
            for b in range(stage.deepest):
                block = slice(offset + 1 + 3 * b, offset + 4 + 3 * b)
                rows[depth <= b, block] = 0
        return rows

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """`count` canonical rows, every gene uniform over its choices."""
        columns = [rng.integers(0, len(g.choices), count) for g in self.genes]
        return self.canonical(np.stack(columns, axis=1))

    def _extreme(self, smallest: bool) -> Architecture:
        pick = np.argmin if smallest else np.argmax
        row = np.array([[int(pick(g.choices)) for g in self.genes]])
        return Architecture(self, tuple(int(v) for v in self.canonical(row)[0]))

    @property
    def smallest(self) -> Architecture:
        return self._extreme(smallest=True)

    @property
    def largest(self) -> Architecture:
        return self._extreme(smallest=False)


@dataclass(frozen=True)
class BlockChoice:
    """What is chosen for one block: kernel size, expansion ratio, width relative to the stage's."""

    kernel: int
    expansion: int
    width: float


@dataclass(frozen=True)
class Architecture:
    """One point of a space: a canonical row of gene choices.

    Raises:
        InvalidInputError: the row has the wrong length, an index out of range, or is not canonical.
    """

    space: SearchSpace
    row: tuple[int, ...]

    def __post_init__(self) -> None:
        genes = self.space.genes
        if len(self.row) != len(genes):
            raise InvalidInputError(
                f"architecture: {len(self.row)} genes, {self.space.name} has {len(genes)}",
                field="architecture",
                given=len(self.row),
                allowed=len(genes),
            )
        for value, gene in zip(self.row, genes, strict=True):
            if not 0 <= value < len(gene.choices):
                raise InvalidInputError(
                    f"architecture: {gene.name} is {value}, "
                    f"allowed is 0 to {len(gene.choices) - 1}",
                    field=gene.name,
                    given=value,
                    allowed=list(range(len(gene.choices))),
                )
        if tuple(self.space.canonical(np.array([self.row]))[0]) != self.row:
            raise InvalidInputError(
                "architecture: genes of absent blocks must be 0", field="architecture"
            )

    @classmethod
    def of_rows(cls, space: SearchSpace, rows: NDArray[np.int64]) -> list[Architecture]:
        return [cls(space, tuple(int(v) for v in row)) for row in space.canonical(rows)]

    @property
    def resolution(self) -> int | None:
        """Pixels, where that is a choice."""
        searched = self.space.searched_resolutions
        return searched[self.row[-1]] if searched else None

    def at(self, resolution: int | None) -> Architecture:
        """The same blocks at another of the space's resolutions; itself where none is searched."""
        if resolution is None or not self.space.searched_resolutions:
            return self
        index = self.space.searched_resolutions.index(resolution)
        return Architecture(self.space, (*self.row[:-1], index))

    @cached_property
    def stages(self) -> tuple[tuple[BlockChoice, ...], ...]:
        """The choices of the blocks that are there, stage by stage."""
        result = []
        for offset, stage in zip(self.space.stage_offsets(), self.space.stages, strict=True):
            blocks = []
            for b in range(stage.depths[self.row[offset]]):
                kernel, expansion, width = self.row[offset + 1 + 3 * b : offset + 4 + 3 * b]
                blocks.append(
                    BlockChoice(
                        stage.kernels[kernel], stage.expansions[expansion], stage.widths[width]
                    )
                )
            result.append(tuple(blocks))
        return tuple(result)

    def to_json(self) -> dict[str, Any]:
        """`row` is that of the blocks; `resolution` is there where it is a choice."""
        chosen = {} if self.resolution is None else {"resolution": self.resolution}
        return {
            "space": self.space.name,
            "row": list(self.row[:-1] if chosen else self.row),
            "stages": [
                [{"kernel": b.kernel, "expansion": b.expansion, "width": b.width} for b in blocks]
                for blocks in self.stages
            ],
            **chosen,
        }

    @classmethod
    def from_json(cls, space: SearchSpace, value: dict[str, Any]) -> Architecture:
        """From `to_json`'s form; `stages` alone is enough (a person writes no rows).

        A resolution counts where the space searches it; elsewhere it is the subspace's matter.
        """
        row = (
            tuple(value["row"])
            if "row" in value
            else _row_of_stages(space, value.get("stages", []))
        )
        if not space.searched_resolutions:
            return cls(space, row)
        chosen = _index(space.searched_resolutions, value.get("resolution"), "resolution")
        return cls(space, (*row, chosen))


def _row_of_stages(space: SearchSpace, stages: Sequence[Any]) -> tuple[int, ...]:
    if len(stages) != len(space.stages):
        raise InvalidInputError(
            f"architecture: {len(stages)} stages given, space {space.name} has {len(space.stages)}",
            field="stages",
            given=len(stages),
            allowed=len(space.stages),
        )
    row: list[int] = []
    for s, (stage, blocks) in enumerate(zip(space.stages, stages, strict=True)):
        row.append(_index(stage.depths, len(blocks), f"stage{s}.depth"))
        for b in range(stage.deepest):
            if b >= len(blocks):
                row += [0, 0, 0]
                continue
            name, block = f"stage{s}.block{b}", blocks[b]
            row.append(_index(stage.kernels, block.get("kernel"), f"{name}.kernel"))
            row.append(_index(stage.expansions, block.get("expansion"), f"{name}.expansion"))
            row.append(_index(stage.widths, block.get("width", 1.0), f"{name}.width"))
    return tuple(row)


def _index(choices: tuple[float, ...], value: Any, name: str) -> int:
    if value not in choices:
        raise InvalidInputError(
            f"architecture: {name} is {value!r}, allowed is {list(choices)}",
            field=name,
            given=value,
            allowed=list(choices),
        )
    return choices.index(value)


@dataclass(frozen=True)
class Subspace:
    """A space with width multiplier and input resolution (pixels, square) fixed.

    Neither has to be one of the space's choices.  Where the space searches resolutions,
    `resolution` is the largest of them.

    Raises:
        InvalidInputError: the width is no number above 0, or the strides reduce the image to less
            than a pixel.
    """

    space: SearchSpace
    width: float
    resolution: int

    def __post_init__(self) -> None:
        if not 0 < self.width < float("inf"):
            raise InvalidInputError(
                f"width multiplier {self.width}; allowed is a number above 0",
                field="width",
                given=self.width,
                allowed="a number above 0",
            )
        smallest = min(self.resolutions)
        if smallest < self.space.reduction:
            raise InvalidInputError(
                f"images of {smallest} pixels are too small for space {self.space.name}, "
                f"whose strides reduce them {self.space.reduction} times",
                field="resolution",
                given=smallest,
                allowed=f"at least {self.space.reduction}",
            )

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Of its networks, rising."""
        return self.space.searched_resolutions or (self.resolution,)

    def resolution_of(self, architecture: Architecture) -> int:
        """Of one network."""
        return architecture.resolution or self.resolution

    def channels(self, base: float) -> int:
        """`base` scaled and rounded to the space's divisor, never below 90% (as MobileNet does)."""
        return make_divisible(base * self.width, self.space.channel_divisor)


def make_divisible(value: float, divisor: int) -> int:
    """`value` rounded to a multiple of `divisor`, at least one multiple, never below 90% of it."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
