"""The Pareto front of candidates as they come, one after the other."""

from __future__ import annotations

from typing import Any


class ParetoFront:
    """Candidates that no other beats in accuracy (up), SRAM, flash and executed MACs (down).

    The same order as `tinynas.search.pareto_front`, kept up to date in O(front) a candidate.
    """

    def __init__(self) -> None:
        self._points: dict[int, tuple[float, ...]] = {}

    def add(self, candidate: dict[str, Any]) -> tuple[bool, list[int]]:
        """Whether the candidate (search's JSON) is on the front, and the ids it drives off it."""
        point = (
            -candidate["accuracy"],
            candidate["sram_bytes"],
            candidate["flash_bytes"],
            candidate["macs"] + candidate["recomputed_macs"],
        )
        if any(_beats(other, point) for other in self._points.values()):
            return False, []
        beaten = [number for number, other in self._points.items() if _beats(point, other)]
        for number in beaten:
            del self._points[number]
        self._points[candidate["id"]] = point
        return True, beaten


def _beats(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))
