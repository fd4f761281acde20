"""The result of a job as a table for people."""

from __future__ import annotations

from typing import Any

from tinynas.cli.output import print_table
from tinynas.units import format_bytes


def print_result(result: dict[str, Any]) -> None:
    """The summary of a finished job: memory first, then what the network does and how well."""
    memory = [
        (name, *(format_bytes(result[key][part]) for part in ("budget", "predicted", "measured")))
        for name, key in (("SRAM", "sram_bytes"), ("flash", "flash_bytes"))
    ]
    title = f"{result['dataset']} on {result['device']}"
    print_table(title, ("memory", "budget", "predicted", "measured"), memory)
    accuracy, checked = result["accuracy"], result["validation"]
    subspace = result["subspace"]
    facts = [
        ("subspace", f"width {subspace['width']:g}, {subspace['resolution']} px"),
        ("schedule", result["schedule"]["summary"]),
        ("test accuracy, float", f"{accuracy['float']:.2%}"),
        ("test accuracy, int8", f"{accuracy['int8']:.2%}"),
        ("MACs", f"{result['macs']:,}"),
        ("recomputed MACs", f"{result['recomputed_macs']:,}"),
        ("instructions", f"{checked['instructions']:,} (simulated, {checked['simulator']})"),
        ("mismatched bytes", f"{checked['mismatched_bytes']} over {checked['vectors']} vectors"),
    ]
    print_table("", ("", ""), facts)
