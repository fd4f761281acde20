"""Whether any network of a space fits a budget and, where none does, what would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import IMPOSSIBLE
from tinynas.cost.population import Population
from tinynas.cost.tables import Tables
from tinynas.devices import Budget
from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.subspace.fitting import Family
from tinynas.units import format_bytes

IntArray = NDArray[np.int64]
_MEMORIES = ("sram", "flash")


@dataclass(frozen=True, eq=False)
class SmallestNetworks:
    """What the smallest network of a space needs: bytes by schedule and subspace [C, S], MACs [S];
    `space` says which space, and which width where it is the only one.

    It is the smallest in every way: nothing else of its subspace fits where it does not.  No
    budget is part of it, so who checks many keeps it.
    """

    space: str
    sram: IntArray
    flash: IntArray
    macs: IntArray

    @classmethod
    def of(cls, tables: Tables, families: Sequence[Family]) -> SmallestNetworks:
        space = tables.subspaces[0].space
        smallest = Population(tables, np.array([space.smallest.row]))
        costs = [c for family in families for c in family(smallest)]
        sram, flash = (np.stack([getattr(c, kind)[:, 0] for c in costs]) for kind in _MEMORIES)
        # A schedule that a network is too short for has no flash either.
        flash = np.where(sram < IMPOSSIBLE, flash, IMPOSSIBLE)
        name = space.name
        if len(space.width_multipliers) == 1:
            name += f" with width {space.width_multipliers[0]:g}"
        return cls(name, sram, flash, smallest.macs[:, 0])

    def check(self, budget: Budget) -> None:
        """Nothing, unless not even the smallest network fits in any subspace.

        Raises:
            InfeasibleBudgetError: the memory is too small.  `required_bytes` is the least flash of
                all networks or, where that is there, the least SRAM of those that the flash holds;
                `sram` and `flash` (bytes) are what that network needs of both.
            InvalidInputError: the memory would do, but the MACs do not.
        """
        sram, flash = self.sram, self.flash
        stored = flash <= budget.flash_bytes
        if not stored.any():
            needed = int(sram[flash == flash.min()].min()), int(flash.min())
            raise self._infeasible("flash", budget, needed)
        fits = stored & (sram <= budget.sram_bytes)
        if not fits.any():
            least = int(sram[stored].min())
            needed = least, int(flash[stored & (sram == least)].min())
            raise self._infeasible("sram", budget, needed)
        fewest = int(np.broadcast_to(self.macs, sram.shape)[fits].min())
        if budget.macs is not None and fewest > budget.macs:
            raise InvalidInputError(
                f"no network fits {budget.macs} MACs within the memory given; the smallest has "
                f"{fewest}",
                field="macs",
                given=budget.macs,
                allowed=f"at least {fewest}",
            )

    def _infeasible(
        self, field: str, budget: Budget, needed: tuple[int, int]
    ) -> InfeasibleBudgetError:
        sram, flash = needed
        required, given = (
            (sram, budget.sram_bytes) if field == "sram" else (flash, budget.flash_bytes)
        )
        return InfeasibleBudgetError(
            f"no network of space {self.space} fits {format_bytes(given)} of "
            f"{field}; the smallest needs {required:,} bytes of it, in all {sram:,} bytes of SRAM "
            f"and {flash:,} bytes of flash",
            field=field,
            required_bytes=required,
            budget_bytes=given,
            sram=sram,
            flash=flash,
        )
