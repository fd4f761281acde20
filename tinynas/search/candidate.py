"""A candidate: one architecture, the schedule it runs by, what both cost, how good it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.cost import MemoryCost
from tinynas.schedule import Schedule
from tinynas.spaces import Architecture


@dataclass(frozen=True)
class Candidate:
    """`accuracy` is on the validation split with inherited weights (0 to 1).

    `latency_ms` is an estimate of an inference by the candidate's schedule, None where there is
    none for the device's core; images have `resolution` pixels a side.
    """

    id: int
    architecture: Architecture
    schedule: Schedule
    cost: MemoryCost
    macs: int
    accuracy: float
    resolution: int
    latency_ms: float | None = None

    def objective(self, name: str) -> float:
        """`accuracy`, `sram`, `flash` (bytes), `latency` (estimated ms), or `macs` as executed."""
        match name:
            case "accuracy":
                return self.accuracy
            case "sram":
                return float(self.cost.sram_bytes)
            case "flash":
                return float(self.cost.flash_bytes)
            case "latency":
                return math.inf if self.latency_ms is None else self.latency_ms
        return float(self.macs + self.schedule.recomputed_macs)

    def to_json(self, *, pareto: bool) -> dict[str, Any]:
        return {
            "id": self.id,
            "architecture": self.architecture.to_json(),
            "resolution": self.resolution,
            "schedule": {
                "summary": self.schedule.summary,
                "segments": [asdict(s) | {"grid": list(s.grid)} for s in self.schedule.segments],
            },
            "accuracy": self.accuracy,
            "sram_bytes": self.cost.sram_bytes,
            "flash_bytes": self.cost.flash_bytes,
            "macs": self.macs,
            "recomputed_macs": self.schedule.recomputed_macs,
            "latency_ms": self.latency_ms,
            "pareto": pareto,
        }


def pareto_front(candidates: Sequence[Candidate]) -> NDArray[np.bool_]:
    """Which candidates no other beats: in accuracy (up), SRAM, flash and MACs (down) [N].

    MACs count what a schedule recomputes: it is what the device executes.
    """
    if not candidates:
        return np.zeros(0, dtype=bool)
    points = np.array(
        [
            (
                -c.accuracy,
                c.cost.sram_bytes,
                c.cost.flash_bytes,
                c.macs + c.schedule.recomputed_macs,
            )
            for c in candidates
        ],
        dtype=np.float64,
    )
    no_worse = (points[:, None, :] <= points[None, :, :]).all(axis=2)
    better = (points[:, None, :] < points[None, :, :]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
