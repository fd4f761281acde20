"""Stage 1's result: what the networks of every subspace cost, and which subspace is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.devices import Budget
from tinynas.spaces import Subspace

QUANTILES = np.linspace(0, 1, 21)
"""Of the MACs of the networks that fit, as the curves of the table hold them."""


@dataclass(frozen=True)
class SubspaceRow:
    """One subspace.  `fits`: the share of its sampled networks that fit the budget.

    MACs are of those that fit, each computed once: mean, 80th percentile, and at `QUANTILES` (no
    values where none fits).
    """

    subspace: Subspace
    fits: float
    mean_macs: float
    p80_macs: float
    score: float
    cdf: tuple[float, ...]

    @classmethod
    def of(
        cls, subspace: Subspace, macs: NDArray[np.int64], fits: NDArray[np.bool_], score: float
    ) -> SubspaceRow:
        """From the MACs of all sampled networks, and which of them fit: arrays [N]."""
        fitting = macs[fits]
        if len(fitting) == 0:
            return cls(subspace, 0.0, 0.0, 0.0, score, ())
        return cls(
            subspace,
            len(fitting) / len(macs),
            float(fitting.mean()),
            float(np.quantile(fitting, 0.8)),
            score,
            tuple(float(v) for v in np.quantile(fitting, QUANTILES)),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "width": self.subspace.width,
            "resolution": self.subspace.resolution,
            "fits": self.fits,
            "mean_macs": self.mean_macs,
            "p80_macs": self.p80_macs,
            "score": self.score,
            "cdf": list(self.cdf),
        }


@dataclass(frozen=True)
class SubspaceTable:
    """All subspaces of a space under a budget.  `seconds`: what it took to compute."""

    rows: tuple[SubspaceRow, ...]
    chosen_row: SubspaceRow
    budget: Budget
    rule: str
    schedules: str
    accounting: str
    samples: int
    seconds: float

    @property
    def chosen(self) -> Subspace:
        return self.chosen_row.subspace

    def _repr_svg_(self) -> str:
        """Curves and map, in a notebook."""
        from tinynas.subspace.plot import subspaces_svg

        return subspaces_svg(self)

    def to_json(self) -> dict[str, Any]:
        chosen = self.chosen_row.to_json()
        limits = {"sram_bytes": self.budget.sram_bytes, "flash_bytes": self.budget.flash_bytes}
        if self.budget.macs is not None:
            limits["macs"] = self.budget.macs
        return {
            "chosen": {
                k: chosen[k] for k in ("width", "resolution", "mean_macs", "p80_macs", "fits")
            },
            "rule": self.rule,
            "seconds": self.seconds,
            "samples": self.samples,
            "space": self.chosen.space.name,
            "budget": limits,
            "schedules": self.schedules,
            "accounting": self.accounting,
            "subspaces": [row.to_json() for row in self.rows],
        }
