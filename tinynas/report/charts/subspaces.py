"""Stage 1: how much work the networks of each subspace do, as curves and as a map."""

from __future__ import annotations

from markupsafe import Markup

from tinynas.report.data import SubspaceRow, SubspaceTableData
from tinynas.report.svg import Frame, chart, element, polyline, rectangle, text
from tinynas.report.text import count, percent, round_count

_STEPS = 7


def is_chosen(row: SubspaceRow, table: SubspaceTableData) -> bool:
    chosen = table["chosen"]
    return (row["width"], row["resolution"]) == (chosen["width"], chosen["resolution"])


def curve_points(row: SubspaceRow) -> list[tuple[float, float]]:
    """(MACs, share of all sampled networks at or below); misfits count as no work at all."""
    steps = len(row["cdf"]) - 1
    if steps < 1 or row["fits"] <= 0:
        return []
    missing = 1 - row["fits"]
    points = [(0.0, missing), (row["cdf"][0], missing)]
    return points + [(macs, missing + row["fits"] * i / steps) for i, macs in enumerate(row["cdf"])]


def subspace_curves(table: SubspaceTableData, *, size: tuple[int, int] = (952, 360)) -> Markup:
    """Cumulative distribution of MACs of every subspace; the chosen one stands out."""
    rows = [r for r in table["subspaces"] if curve_points(r)]
    highest = max((r["cdf"][-1] for r in rows), default=1.0)
    frame = Frame.of(size, (0, highest * 1.02), (0, 1))
    ordered = sorted(rows, key=lambda r: is_chosen(r, table))
    curves = [
        polyline(
            ((frame.x(m), frame.y(s)) for m, s in curve_points(row)),
            "curve chosen" if is_chosen(row, table) else "curve",
            title=_about(row),
        )
        for row in ordered
    ]
    chosen = next(r for r in rows if is_chosen(r, table))
    macs, share = curve_points(chosen)[-6]
    right = frame.x(macs) > frame.x.end - 130
    label = text(
        frame.x(macs) + (-9 if right else 9),
        frame.y(share) + 4,
        subspace_name(chosen),
        "label chosen",
        "end" if right else "start",
    )
    return chart(
        *size,
        f"Distribution of MACs in {len(rows)} subspaces; {subspace_name(chosen)} was chosen",
        *frame.grid([0, 0.25, 0.5, 0.75, 1], lambda v: percent(v, 0)),
        *curves,
        label,
        *frame.bottom(frame.x.ticks(8), round_count, "MACs of a network"),
        kind="curves",
    )


def _about(row: SubspaceRow) -> str:
    fit = f"{percent(row['fits'], 0)} fit"
    return f"{subspace_name(row)}: {fit}, mean {count(row['mean_macs'])} MACs"


def subspace_name(row: SubspaceRow) -> str:
    return f"width {row['width']:g}, {row['resolution']} px"


def heat_map(table: SubspaceTableData) -> Markup:
    """Width x resolution, coloured by the score that decided; numbers are mean MACs."""
    widths = sorted({r["width"] for r in table["subspaces"]}, reverse=True)
    resolutions = sorted({r["resolution"] for r in table["subspaces"]})
    best = max(r["score"] for r in table["subspaces"]) or 1.0
    cell, tall, left, top = max(54.0, min(84.0, 880 / len(resolutions))), 34.0, 46.0, 8.0
    width, height = left + cell * len(resolutions) + 14, top + tall * len(widths) + 40
    parts = []
    for row in table["subspaces"]:
        x = left + cell * resolutions.index(row["resolution"])
        y = top + tall * widths.index(row["width"])
        step = min(_STEPS - 1, int(row["score"] / best * _STEPS)) if row["fits"] > 0 else -1
        kind = f"cell s{step}" if step >= 0 else "cell none"
        parts.append(_cell(row, x, y, cell, tall, kind, chosen=is_chosen(row, table)))
    parts += [
        text(left - 8, top + tall * (i + 0.5) + 3.5, f"{w:g}", "tick", "end")
        for i, w in enumerate(widths)
    ]
    parts += [
        text(left + cell * (i + 0.5), height - 24, r, "tick", "middle")
        for i, r in enumerate(resolutions)
    ]
    parts.append(text(width - 14, height - 6, "input resolution, pixels", "axis-title", "end"))
    parts.append(text(0, height - 24, "width", "axis-title"))
    chosen = table["chosen"]
    name = (
        f"Map of {len(widths)} width multipliers by {len(resolutions)} resolutions; "
        f"width {chosen['width']:g} at {chosen['resolution']} pixels was chosen"
    )
    # The chosen cell is drawn last, so that its outline lies above its neighbours.
    return chart(width, height, name, *sorted(parts, key=lambda p: "chosen" in p), kind="heat")


def _cell(
    row: SubspaceRow, x: float, y: float, width: float, height: float, kind: str, *, chosen: bool
) -> Markup:
    fits = row["fits"] > 0
    about = f"{percent(row['fits'], 0)} fit" if fits else "nothing fits"
    parts = [
        rectangle(x + 1, y + 1, width - 2, height - 2, "shape", f"{subspace_name(row)}: {about}")
    ]
    if fits:
        parts.append(text(x + width / 2, y + 15, count(row["mean_macs"]), "value", "middle"))
        parts.append(text(x + width / 2, y + 27, about, "note", "middle"))
    return element("g", *parts, class_=kind + (" chosen" if chosen else ""))
