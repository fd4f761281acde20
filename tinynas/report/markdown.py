"""The same figures as Markdown tables, for pull requests and terminals."""

from __future__ import annotations

from collections.abc import Sequence

from tinynas.report.data import ReportData
from tinynas.report.text import count, kilobytes, percent, schedule_text
from tinynas.report.views import (
    layer_rows,
    memory_rows,
    quantisation_text,
    training_text,
    validation_facts,
    with_live_bytes,
    worst_confusions,
)


def render_markdown(data: ReportData) -> str:
    """The report's tables as GitHub-flavoured Markdown."""
    sections = [f"# {_cell(data['name'])}", _summary(data), _memory(data), _accuracy(data)]
    sections += [_validation(data), _candidates(data), _layers(data)]
    return "\n\n".join(s for s in sections if s) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], right: int) -> str:
    """A table whose columns from number `right` on are aligned to the right."""
    rule = ["---" if i < right else "---:" for i in range(len(head))]
    lines = [head, rule, *rows]
    return "\n".join("| " + " | ".join(_cell(v) for v in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _summary(data: ReportData) -> str:
    chosen, device = data["subspaces"]["chosen"], data["device"]
    side = data["architecture"].get("resolution", chosen["resolution"])  # where it is a choice
    return _table(
        ["", ""],
        [
            ["data set", data["request"]["dataset"]],
            ["device", f"{device['name']} ({device['core']})"],
            ["subspace", f"width {chosen['width']:g}, {side} pixels"],
            ["schedule", schedule_text(data["schedule"]["segments"])],
            [
                "MACs",
                f"{count(data['macs'])}, recomputed {count(data['schedule']['recomputed_macs'])}",
            ],
        ],
        right=2,
    )


def _memory(data: ReportData) -> str:
    rows = [
        [r.name, r.budget, r.predicted, r.linked, r.measured, r.off, r.left]
        for r in memory_rows(data)
    ]
    head = ["memory", "budget", "predicted", "linked", "measured", "off by", "left"]
    return "## Promised and measured\n\n" + _table(head, rows, right=1)


def _accuracy(data: ReportData) -> str:
    rows = [[name, percent(data["accuracy"][name], 2)] for name in ("float", "int8")]
    text = "## Accuracy\n\n" + _table(["arithmetic", "test accuracy"], rows, right=1)
    how = " ".join(part for part in (training_text(data), quantisation_text(data)) if part)
    text += f"\n\n{how}" if how else ""
    confusion = data.get("confusion")
    mistakes = worst_confusions(confusion) if confusion else []
    if mistakes:
        listed = [[m.true, m.taken_for, m.images, percent(m.share)] for m in mistakes]
        text += "\n\n" + _table(["class", "taken for", "images", "of its class"], listed, right=2)
    return text


def _validation(data: ReportData) -> str:
    rows = validation_facts(data)
    return "## Validation\n\n" + _table(["", ""], rows, right=2)


def _candidates(data: ReportData) -> str:
    front = sorted((c for c in data["candidates"] if c["pareto"]), key=lambda c: -c["accuracy"])
    rows = [
        [
            c["id"],
            percent(c["accuracy"]),
            kilobytes(c["sram_bytes"]),
            kilobytes(c["flash_bytes"]),
            count(c["macs"]),
            f"{c['resolution']} px" if "resolution" in c else "",
            schedule_text(c["schedule"]["segments"]),
        ]
        for c in front[:20]
    ]
    if not rows:
        return ""
    head = ["candidate", "accuracy", "SRAM", "flash", "MACs", "image", "schedule"]
    note = f"{len(front)} of {len(data['candidates'])} candidates are on the front."
    return f"## Front\n\n{note}\n\n" + _table(head, rows, right=1)


def _layers(data: ReportData) -> str:
    live = (kilobytes(layer["sram_bytes"]) for layer in with_live_bytes(data))
    rows = [
        [r.name, r.kind, r.kernel, r.shape, r.macs, sram, r.flash, r.instructions, r.noise]
        for r, sram in zip(layer_rows(data["layers"]), live, strict=True)
    ]
    head = ["layer", "operator", "kernel", "output", "MACs", "SRAM", "flash", "instructions"]
    plot = "![Instructions, SRAM and flash of every layer](layers.svg)"
    table = _table([*head, "signal to noise"], rows, right=4)
    return f"## Layers\n\n{plot}\n\n{table}"
