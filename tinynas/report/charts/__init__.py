"""The charts of a report, each a function from report data to SVG."""

from tinynas.report.charts.budget import budget_bars
from tinynas.report.charts.candidates import front, pareto
from tinynas.report.charts.importance import importance_bars
from tinynas.report.charts.layers import layer_bars
from tinynas.report.charts.memory import live_bytes, memory_map
from tinynas.report.charts.parallel import axes_of, parallel
from tinynas.report.charts.progress import best_so_far, search_progress
from tinynas.report.charts.subspaces import curve_points, heat_map, subspace_curves
from tinynas.report.charts.training import MEASURES, series_of, training_chart

__all__ = [
    "MEASURES",
    "axes_of",
    "best_so_far",
    "budget_bars",
    "curve_points",
    "front",
    "heat_map",
    "importance_bars",
    "layer_bars",
    "live_bytes",
    "memory_map",
    "parallel",
    "pareto",
    "search_progress",
    "series_of",
    "subspace_curves",
    "training_chart",
]
