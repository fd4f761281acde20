"""The charts of a report, each a function from report data to SVG."""

from tinynas.report.charts.budget import budget_bars
from tinynas.report.charts.candidates import front, pareto
from tinynas.report.charts.memory import live_bytes, memory_map
from tinynas.report.charts.subspaces import curve_points, heat_map, subspace_curves

__all__ = [
    "budget_bars",
    "curve_points",
    "front",
    "heat_map",
    "live_bytes",
    "memory_map",
    "pareto",
    "subspace_curves",
]
