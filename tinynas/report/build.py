"""Writing a report: `report.json`, `report.html`, `report.md` with its plot, each whole or not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tinynas.report.charts import layer_bars
from tinynas.report.data import FORMAT, ReportData
from tinynas.report.html import render_html
from tinynas.report.markdown import render_markdown
from tinynas.report.views import with_live_bytes


@dataclass(frozen=True)
class ReportFiles:
    """Where the three forms of a report are, and the plot that the Markdown shows."""

    json: Path
    html: Path
    markdown: Path
    layers: Path


def build_report(data: ReportData, folder: Path) -> ReportFiles:
    """Write the report of a finished job into `folder`, which is made if it is not there.

    The same data give the same bytes.  All are rendered before any is written.
    """
    layers = with_live_bytes(data)
    contents = {
        "report.json": json.dumps({"format": FORMAT, **data, "layers": layers}, ensure_ascii=False)
        + "\n",
        "report.html": render_html(data),
        "report.md": render_markdown(data),
        "layers.svg": layer_bars(layers, alone=True) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        _write_whole(folder / name, text)
    return ReportFiles(*(folder / name for name in contents))


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
