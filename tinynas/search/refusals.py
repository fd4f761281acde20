"""What the search turned away before it was measured, and by how much it was too large."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from tinynas.search.feasibility import Fit
from tinynas.spaces import Architecture

NEAREST = 8
"""How many of the refused are remembered in full: those that came closest to fitting."""
_SUFFIX = "_excess"


@dataclass
class Refusals:
    """Counts by limit, and the refused that came closest.

    A proposal may be over several limits and then counts for each; closest is what exceeds the
    limit that it misses most by the smallest share of it.
    """

    limits: dict[str, float]
    over: dict[str, int] = field(default_factory=dict)
    _nearest: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    _seen: int = 0

    def add(self, architecture: Architecture, fit: Fit) -> None:
        """Take note of a proposal that does not fit."""
        excess = _excess(fit)
        for name in excess:
            self.over[name] = self.over.get(name, 0) + 1
        worst = max(amount / self.limits[name] for name, amount in excess.items())
        self._seen += 1
        known = {"over": excess, "architecture": architecture.to_json()}
        self._nearest.append((worst, self._seen, known))
        self._nearest = sorted(self._nearest, key=lambda item: item[:2])[:NEAREST]

    def to_json(self) -> dict[str, Any]:
        """`over` counts proposals by limit; `nearest` has bytes (MACs, ms) over each limit."""
        return {"over": dict(self.over), "nearest": [known for _, _, known in self._nearest]}


def _excess(fit: Fit) -> dict[str, float]:
    """The limits that are exceeded, by how much: `{"sram": 1200}`."""
    found = {f.name.removesuffix(_SUFFIX): getattr(fit, f.name) for f in fields(fit)}
    return {name: amount for name, amount in found.items() if amount}
