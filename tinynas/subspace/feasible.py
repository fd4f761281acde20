"""Whether any network of a space fits a budget and, where none does, what would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinynas.cost.arenas import IMPOSSIBLE
from tinynas.cost.population import Population
from tinynas.cost.tables import Tables
from tinynas.devices import Budget
from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.subspace.fitting import Family, fits_budget
from tinynas.units import format_bytes


def check_feasible(tables: Tables, families: Sequence[Family], budget: Budget) -> None:
    """Nothing, unless not even the smallest network fits in any subspace.

    It is the smallest in every way: nothing else of its subspace fits where it does not.

    Raises:
        InfeasibleBudgetError: the memory is too small.  `required_bytes` is the least flash of all
            networks or, where that is there, the least SRAM of those that the flash holds; `sram`
            and `flash` (bytes) are what that network needs of both.
        InvalidInputError: the memory would do, but the MACs do not.
    """
    smallest = Population(tables, np.array([tables.subspaces[0].space.smallest.row]))
    costs = [c for family in families for c in family(smallest)]
    if any(fits_budget(smallest, c, budget).any() for c in costs):
        return
    sram, flash = (np.stack([getattr(c, kind) for c in costs]) for kind in ("sram", "flash"))
    # A schedule that a network is too short for has no flash either.
    flash = np.where(sram < IMPOSSIBLE, flash, IMPOSSIBLE)
    if flash.min() > budget.flash_bytes:
        needed = int(sram[flash == flash.min()].min()), int(flash.min())
        raise _infeasible("flash", tables, budget, needed)
    stored = flash <= budget.flash_bytes
    if sram[stored].min() > budget.sram_bytes:
        least = int(sram[stored].min())
        needed = least, int(flash[stored & (sram == least)].min())
        raise _infeasible("sram", tables, budget, needed)
    macs = np.broadcast_to(smallest.macs, sram.shape)
    least = int(macs[stored & (sram <= budget.sram_bytes)].min())
    raise InvalidInputError(
        f"no network fits {budget.macs} MACs within the memory given; the smallest has {least}",
        field="macs",
        given=budget.macs,
        allowed=f"at least {least}",
    )


def _infeasible(
    field: str, tables: Tables, budget: Budget, needed: tuple[int, int]
) -> InfeasibleBudgetError:
    sram, flash = needed
    required, given = (sram, budget.sram_bytes) if field == "sram" else (flash, budget.flash_bytes)
    return InfeasibleBudgetError(
        f"no network of space {tables.subspaces[0].space.name} fits {format_bytes(given)} of "
        f"{field}; the smallest needs {required:,} bytes of it, in all {sram:,} bytes of SRAM "
        f"and {flash:,} bytes of flash",
        field=field,
        required_bytes=required,
        budget_bytes=given,
        sram=sram,
        flash=flash,
    )
