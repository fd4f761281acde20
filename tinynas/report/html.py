"""The self-contained page: one template, its style sheet inside, charts as inline SVG."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from tinynas.report import text, views
from tinynas.report.charts import (
    MEASURES,
    budget_bars,
    heat_map,
    importance_bars,
    memory_map,
    parallel,
    pareto,
    search_progress,
    series_of,
    subspace_curves,
    training_chart,
)
from tinynas.report.data import CurveData, ReportData
from tinynas.report.importance import importances

SHARED_STYLES = tuple(
    Path(__file__).parent / "templates" / name for name in ("tokens.css", "charts.css")
)
"""Colours, charts and blocks; the dashboard's pages are given the same files."""
_COSTS = (
    ("sram_bytes", "SRAM"),
    ("flash_bytes", "flash"),
    ("macs", "MACs"),
    ("latency_ms", "latency, ms"),
)


def render_html(data: ReportData) -> str:
    """The whole page as text."""
    parts = data["memory_parts"]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            views=views,
            memory=views.memory_rows(data),
            layers=views.layer_rows(data["layers"]),
            blocks=views.block_views(data),
            charts={
                "sram": budget_bars(
                    "SRAM",
                    data["sram_bytes"],
                    [
                        ("arena", parts["arena_bytes"]),
                        ("static data", parts["static_bytes"]),
                        ("stack", parts["stack_bytes"]),
                    ],
                ),
                "flash": budget_bars(
                    "Flash",
                    data["flash_bytes"],
                    [("constants", parts["constant_bytes"]), ("code", parts["code_bytes"])],
                ),
                "memory": memory_map(
                    data["schedule"], data["layers"], parts, data["sram_bytes"]["budget"]
                ),
                "curves": subspace_curves(data["subspaces"]),
                "heat": heat_map(data["subspaces"]),
                "pareto": [
                    _pareto(data, cost, title) for cost, title in _COSTS if _told(data, cost)
                ],
                "progress": search_progress(data["candidates"]) if data["candidates"] else "",
                "parallel": parallel(data["candidates"], chosen=data.get("chosen")),
                "importance": _importance(data),
                "training": [_training(curve) for curve in data.get("training", [])],
            },
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tinynas.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "kilobytes": text.kilobytes,
        "count": text.count,
        "percent": text.percent,
        "rule": text.rule_text,
        "schedule": text.schedule_text,
        "stream": text.stream_text,
    }
    return environment


def _importance(data: ReportData) -> str:
    found = importances(data["candidates"])
    return importance_bars(found) if found else ""


def _training(curve: CurveData) -> dict[str, object]:
    """A step's panels, and the networks they show."""
    series = series_of(curve["points"])
    panels = [training_chart(series, measure) for measure in MEASURES]
    return {
        "step": curve["step"],
        "who": list(dict.fromkeys(one.who for one in series if one.who)),
        "panels": [panel for panel in panels if panel],
    }


def _told(data: ReportData, cost: str) -> bool:
    """Whether candidates say what they cost in this respect (not all devices have latencies)."""
    return bool(data["candidates"]) and bool(data["candidates"][0].get(cost))


def _pareto(data: ReportData, cost: str, title: str) -> str:
    budgets = {
        "sram_bytes": data["sram_bytes"]["budget"],
        "flash_bytes": data["flash_bytes"]["budget"],
        "macs": data["request"].get("macs"),
        "latency_ms": data["request"].get("latency_ms"),
    }
    return pareto(data["candidates"], cost, title, budget=budgets[cost], chosen=data.get("chosen"))
