"""The report that every bundle carries: promised memory, layers, and what a simulated run found.

A job's report says more (`tinynas.report.build`); this one needs nothing but the bundle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tinynas.cost.layout import constant_bytes
from tinynas.emit import Bundle
from tinynas.emit.bundle import read_files, rewrite_files
from tinynas.graph.ir import Graph, op_macs
from tinynas.report import text
from tinynas.report.charts.layers import layer_bars
from tinynas.report.charts.memory import live_bytes
from tinynas.report.describe import describe_latency, describe_schedule, why_no_latency
from tinynas.schedule import Schedule

FORMAT, KIND = 1, "bundle"
FILES = ("report.json", "report.md", "report.html", "layers.svg")


def bundle_report(
    description: Mapping[str, Any],
    graph: Graph,
    schedule: Schedule,
    measured: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """File name to text.  Equal arguments give equal text.

    Args:
        description: what `bundle.json` says.
        measured: `Measurement.to_json` of a run, if there was one.
    """
    data = report_data(description, graph, schedule, measured)
    environment = Environment(
        loader=PackageLoader("tinynas.report"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kilobytes": text.kilobytes, "count": text.count, "shape": text.shape}
    environment.filters["cell"] = lambda v: str(v).replace("|", "\\|").replace("<", "&lt;")

    def page(template: str) -> str:
        bars = layer_bars(data["layers"])
        return environment.get_template(template).render(data=data, bars=bars)

    return {
        "report.json": json.dumps(data, ensure_ascii=False) + "\n",
        "report.md": page("bundle.md.j2"),
        "report.html": page("bundle.html.j2"),
        "layers.svg": layer_bars(data["layers"], alone=True) + "\n",
    }


def report_data(
    description: Mapping[str, Any],
    graph: Graph,
    schedule: Schedule,
    measured: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What `report.json` holds (bytes; instructions are simulated, None where not counted)."""
    predicted, budget = description["predicted"], description["budget"]
    counted = {} if measured is None else {x["index"]: x for x in measured["layers"]}
    live = live_bytes(describe_schedule(schedule), len(graph.ops))
    layers = [
        {
            "index": i,
            "name": op.name,
            "kind": op.kind,
            "output_shape": list(graph.tensors[op.outputs[0]].shape),
            "macs": op_macs(graph, op),
            "instructions": counted.get(i, {}).get("instructions"),
            "sram_bytes": live[i],
            "flash_bytes": constant_bytes(graph, op).total,
        }
        for i, op in enumerate(graph.ops)
    ]
    memory = {
        key: {"budget": budget[key], "predicted": predicted[key]}
        | ({} if measured is None else measured[key])
        for key in ("sram_bytes", "flash_bytes")
    }
    facts = ("name", "network", "tinynas", "device", "core", "macs", "recomputed_macs")
    return {
        "format": FORMAT,
        "kind": KIND,
        **{key: description[key] for key in facts},
        "schedule": schedule.summary,
        "latency": describe_latency(graph, description["device"], schedule),
        "no_latency": why_no_latency(description["core"]),
        "inputs": description["inputs"],
        "outputs": description["outputs"],
        "compiler": predicted["compiler"] if measured is None else measured["compiler"],
        **memory,
        "predicted_parts": {
            "arena": description["arena_bytes"],
            **{k: predicted[f"{k}_bytes"] for k in ("static", "stack", "constant", "code")},
        },
        "validation": None
        if measured is None
        else {
            key: measured[key]
            for key in (
                "simulator",
                "machine",
                "linked_for",
                "vectors",
                "mismatched_bytes",
                "instructions",
                "instructions_exact",
                "instructions_per_mac",
            )
        },
        "layers": layers,
    }


def refresh_report(bundle: Bundle, measured: Mapping[str, Any]) -> bool:
    """Put a run's findings into the report that a bundle carries; False for a job's own report."""
    known = read_files(bundle.path, ("report.json",)).get("report.json")
    if known is not None and json.loads(known).get("kind") != KIND:
        return False
    texts = bundle_report(bundle.description, bundle.graph, bundle.schedule, measured)
    rewrite_files(bundle.path, texts)
    return True
