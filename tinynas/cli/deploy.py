"""`tinynas validate` and `tinynas run`: a bundle on the simulated part, or on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tinynas.cli.output import JsonFlag, console, fail, print_json, print_table, reports_errors
from tinynas.errors import TinynasError
from tinynas.units import format_bytes

app = typer.Typer()

BundleArgument = Annotated[Path, typer.Argument(help="A bundle's folder.")]


@app.command("validate")
@reports_errors
def validate_command(
    bundle: BundleArgument,
    simulator: Annotated[str | None, typer.Option(help="renode, qemu or unicorn.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Build, run on the simulated part, compare every output byte, measure."""
    from tinynas.simulate import validate

    with console.status("building and simulating"):
        measured = validate(bundle, simulator=simulator).to_json()
    if as_json:
        print_json(measured)
    else:
        _print(measured)
    if measured["mismatched_bytes"]:
        fail(
            TinynasError(f"{measured['mismatched_bytes']} output bytes differ from the reference"),
            as_json=False,
        )


def _print(measured: dict[str, Any]) -> None:
    sram, flash = measured["sram_bytes"], measured["flash_bytes"]
    rows = [
        ("SRAM", *(format_bytes(sram[k]) for k in ("predicted", "measured"))),
        ("flash", *(format_bytes(flash[k]) for k in ("predicted", "measured"))),
    ]
    title = f"{measured['device']} on {measured['simulator']}, {measured['compiler']}"
    print_table(title, ("memory", "predicted", "measured"), rows)
    console.print(
        f"{measured['vectors']} vectors, {measured['mismatched_bytes']} mismatched bytes, "
        f"{measured['instructions']:,} instructions "
        f"({measured['instructions_per_mac']:.2f} a MAC), simulated",
        highlight=False,
    )
