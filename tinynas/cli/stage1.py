"""`tinynas subspace`: stage 1 alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tinynas.cli.output import JsonFlag, console, print_json, print_table, reports_errors

app = typer.Typer()


@app.command("subspace")
@reports_errors
def subspace_command(
    sram: Annotated[str | None, typer.Option(help="SRAM budget, e.g. 320KB.")] = None,
    flash: Annotated[str | None, typer.Option(help="Flash budget, e.g. 1MB.")] = None,
    device: Annotated[str | None, typer.Option(help="A part; its memory is the default.")] = None,
    space: Annotated[str, typer.Option(help="Search space, see `tinynas spaces`.")] = "mcunet",
    schedules: Annotated[str, typer.Option(help="layer, patch, stream or all.")] = "all",
    accounting: Annotated[str, typer.Option(help="device or published.")] = "device",
    rule: Annotated[str, typer.Option(help="mean-of-all or published.")] = "mean-of-all",
    image: Annotated[
        str, typer.Option("--input", help="The image: held, or fed by rows.")
    ] = "held",
    macs: Annotated[int | None, typer.Option(help="Most MACs of a network.")] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="Most milliseconds, by an estimate.")
    ] = None,
    classes: Annotated[int, typer.Option(min=2, help="Classes to tell apart.")] = 100,
    channels: Annotated[int, typer.Option(min=1, max=4, help="Channels of an image.")] = 3,
    samples: Annotated[int, typer.Option(min=10, help="Networks sampled a subspace.")] = 1000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write the picture (.png or .svg).")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Choose (width, resolution) by the FLOPs distribution of the networks that fit."""
    from tinynas import library
    from tinynas.subspace import plot_subspaces

    table = library.subspace(
        sram=sram,
        flash=flash,
        device=device,
        space=space,
        schedules=schedules,
        accounting=accounting,
        rule=rule,
        image=image,
        macs=macs,
        latency_ms=latency_ms,
        classes=classes,
        input_channels=channels,
        samples=samples,
        seed=seed,
    )
    if plot is not None:
        plot_subspaces(table, plot)
    value = table.to_json()
    if as_json:
        print_json(value)
        return
    _print(value)
    if plot is not None:
        console.print(f"picture {plot}")


def _print(table: dict[str, Any]) -> None:
    ranked = sorted(table["subspaces"], key=lambda s: s["score"], reverse=True)[:12]
    chosen = tuple(table["chosen"][key] for key in ("width", "resolution"))
    rows = [
        (
            f"{s['width']:g}",
            s["resolution"],
            f"{s['fits']:.0%}",
            f"{s['mean_macs'] / 1e6:.2f} M",
            f"{s['p80_macs'] / 1e6:.2f} M",
            f"{s['score'] / 1e6:.2f}",
            "chosen" if (s["width"], s["resolution"]) == chosen else "",
        )
        for s in ranked
    ]
    columns = ("width", "resolution", "fit", "mean MACs", "80th percentile", "score", "")
    caption = (
        f"{len(table['subspaces'])} subspaces in {table['seconds']:.2f} s; rule: {table['rule']}"
    )
    print_table("Subspaces, the best first", columns, rows, caption=caption)
