"""The self-contained page: one template, its style sheet inside, charts as inline SVG."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from tinynas.report import text, views
from tinynas.report.charts import budget_bars, heat_map, memory_map, pareto, subspace_curves
from tinynas.report.data import ReportData

_COSTS = (("sram_bytes", "SRAM"), ("flash_bytes", "flash"), ("macs", "MACs"))


def render_html(data: ReportData) -> str:
    """The whole page as text."""
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
        "schedule": text.schedule_text,
    }
    parts = data["memory_parts"]
    return environment.get_template("report.html.j2").render(
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
            "pareto": [_pareto(data, cost, title) for cost, title in _COSTS],
        },
    )


def _pareto(data: ReportData, cost: str, title: str) -> str:
    budgets = {
        "sram_bytes": data["sram_bytes"]["budget"],
        "flash_bytes": data["flash_bytes"]["budget"],
        "macs": data["request"].get("macs"),
    }
    if not data["candidates"]:
        return ""
    return pareto(data["candidates"], cost, title, budget=budgets[cost], chosen=data.get("chosen"))
