"""The picture of stage 1: distributions of MACs in all subspaces, and the map of scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tinynas.schedule.pictures import save, svg
from tinynas.subspace.table import QUANTILES, SubspaceRow, SubspaceTable
from tinynas.units import format_bytes

_NAMED = ("#c2410c", "#1d4ed8", "#0f766e", "#7e22ce")
"""Colours of the curves that carry a name: the chosen one's and of those that come next."""

_OTHER = "#cbd5e1"


def plot_subspaces(table: SubspaceTable, path: Path | str) -> None:
    """Write the CDF curves and the width x resolution map as a `.png` or `.svg` file.

    Raises:
        InvalidInputError: another file type.
    """
    save(_figure(table), Path(path))


def subspaces_svg(table: SubspaceTable) -> str:
    """The same picture as SVG text."""
    return svg(_figure(table))


def _figure(table: SubspaceTable) -> Figure:
    figure = Figure(figsize=(13, 5.2), layout="constrained")
    curves, heat = figure.subplots(1, 2, width_ratios=[1, 1.15])
    _draw_curves(curves, table)
    _draw_map(heat, table)
    figure.suptitle(_title(table), fontsize=12, x=0.01, ha="left")
    return figure


def _title(table: SubspaceTable) -> str:
    budget, chosen = table.budget, table.chosen
    return (
        f"{chosen.space.name}: width {chosen.width:g}, resolution {chosen.resolution} for "
        f"{format_bytes(budget.sram_bytes)} SRAM and {format_bytes(budget.flash_bytes)} flash "
        f"(schedules: {table.schedules}, accounting: {table.accounting}, rule: {table.rule})"
    )


def _draw_curves(axes: Axes, table: SubspaceTable) -> None:
    ranked = sorted(table.rows, key=lambda row: row.score, reverse=True)
    shown = [row for row in ranked if row.cdf]
    best = [table.chosen_row, *(r for r in shown if r is not table.chosen_row)]
    named = list(zip(best, _NAMED, strict=False))
    for row in best[len(named) :]:
        axes.plot(*_curve(row), color=_OTHER, linewidth=0.7, zorder=1)
    for row, colour in reversed(named):
        width = 2.6 if row is table.chosen_row else 1.3
        axes.plot(*_curve(row), color=colour, linewidth=width, zorder=2)
    _name_curves(axes, named)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.015)
    axes.set_xlabel("MACs of a network (millions)")
    axes.set_ylabel("share of sampled networks at or below")
    axes.set_title("Work of the networks; those that do not fit count as none", fontsize=10)
    axes.grid(color="#e2e8f0", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _curve(row: SubspaceRow) -> tuple[list[float], list[float]]:
    """(millions of MACs, share of all sampled networks at or below)."""
    misfits = 1 - row.fits
    macs = [0.0, row.cdf[0] / 1e6, *(v / 1e6 for v in row.cdf)]
    return macs, [misfits, misfits, *(misfits + row.fits * q for q in QUANTILES)]


def _name_curves(axes: Axes, named: list[tuple[SubspaceRow, str]]) -> None:
    """Names in a key of their own, best first: at their curves they would cover one another."""
    for line, (row, colour) in enumerate(named):
        axes.text(
            0.975,
            0.26 - 0.062 * line,
            f"{row.subspace.width:g} x {row.subspace.resolution} px: {row.fits:.0%} fit, "
            f"mean {_short(row.mean_macs / 1e6)} M",
            transform=axes.transAxes,
            ha="right",
            fontsize=9,
            weight="bold" if line == 0 else "normal",
            color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
            zorder=4,
        )


def _draw_map(axes: Axes, table: SubspaceTable) -> None:
    widths = sorted({row.subspace.width for row in table.rows})
    resolutions = sorted({row.subspace.resolution for row in table.rows})
    scores = np.full((len(widths), len(resolutions)), np.nan)
    for row in table.rows:
        if row.cdf:
            at = widths.index(row.subspace.width), resolutions.index(row.subspace.resolution)
            scores[at] = row.score / 1e6
    axes.imshow(scores, cmap="Blues", origin="lower", aspect="auto", vmin=0)
    highest = np.nanmax(scores)
    for (w, r), score in np.ndenumerate(scores):
        text = "–" if np.isnan(score) else _short(score)
        colour = "white" if score > 0.6 * highest else "#334155"
        axes.text(r, w, text, ha="center", va="center", fontsize=8, color=colour)
    chosen = (
        resolutions.index(table.chosen.resolution) - 0.5,
        widths.index(table.chosen.width) - 0.5,
    )
    frame = Rectangle(chosen, 1, 1, fill=False, edgecolor=_NAMED[0], linewidth=2.5, clip_on=False)
    axes.add_patch(frame)
    axes.set_xticks(range(len(resolutions)), [str(r) for r in resolutions])
    axes.set_yticks(range(len(widths)), [f"{w:g}" for w in widths])
    axes.set_xlabel("resolution (pixels)")
    axes.set_ylabel("width multiplier")
    axes.set_title("Score of each subspace (millions of MACs); – nothing fits", fontsize=10)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _short(score: float) -> str:
    return f"{score:.0f}" if score >= 99.5 else f"{score:.1f}" if score >= 0.995 else f"{score:.2f}"
