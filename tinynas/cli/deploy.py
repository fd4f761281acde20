"""`tinynas validate` and `tinynas run`: a bundle on the simulated part, or on the host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinynas.cli.output import JsonFlag, console, fail, print_json, print_table, reports_errors
from tinynas.errors import InvalidInputError, TinynasError
from tinynas.units import format_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

app = typer.Typer()


@app.command("compile")
@reports_errors
def compile_command(
    model: Annotated[Path, typer.Argument(help="An int8 .tflite file.")],
    device: Annotated[str, typer.Option(help="A part, see `tinynas devices`.")],
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    sram: Annotated[str | None, typer.Option(help="SRAM budget, e.g. 128KB.")] = None,
    flash: Annotated[str | None, typer.Option(help="Flash budget, e.g. 512KB.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the test vectors.")] = 0,
    *,
    as_json: JsonFlag = False,
) -> None:
    """An int8 model to a C bundle."""
    from tinynas import library

    bundle = library.compile_model(model, device=device, sram=sram, flash=flash, out=out, seed=seed)
    graph, predicted = bundle.graph, bundle.description["predicted"]
    value = {
        "bundle": str(bundle.path),
        "operators": len(graph.ops),
        "macs": graph.macs,
        "schedule": bundle.schedule.summary,
        "sram_bytes": {"predicted": predicted["sram_bytes"]},
        "flash_bytes": {"predicted": predicted["flash_bytes"]},
    }
    if as_json:
        print_json(value)
        return
    console.print(
        f"{value['bundle']}: {value['operators']} operators, {value['macs']:,} MACs, "
        f"{value['schedule']}; SRAM {format_bytes(predicted['sram_bytes'])}, "
        f"flash {format_bytes(predicted['flash_bytes'])} (predicted)",
        highlight=False,
    )


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


@app.command("run")
@reports_errors
def run_command(
    bundle: BundleArgument,
    input_file: Annotated[Path, typer.Option("--input", help="N inputs, .npy.")],
    output_file: Annotated[Path, typer.Option("--output", help="For their outputs, .npy.")],
    simulator: Annotated[
        str | None, typer.Option(help="renode, qemu or unicorn; without one it runs here.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Run a bundle on inputs of one's own; types are the model's."""
    import numpy as np

    from tinynas.simulate import run_bundle

    outputs = run_bundle(bundle, _read_array(input_file), simulator=simulator)
    with output_file.open("wb") as stream:
        np.save(stream, outputs, allow_pickle=False)
    value = {
        "output": str(output_file),
        "inputs": len(outputs),
        "shape": list(outputs.shape),
        "dtype": str(outputs.dtype),
        "simulator": simulator,
    }
    if as_json:
        print_json(value)
        return
    console.print(f"{value['output']}: {value['shape']} of {value['dtype']}", highlight=False)


def _read_array(path: Path) -> NDArray[Any]:
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInputError(
            f"{path} is no .npy file: {error}", field="input", given=str(path), allowed=".npy"
        ) from error
    if not isinstance(array, np.ndarray):
        raise InvalidInputError(
            f"{path} holds several arrays, not one", field="input", given=str(path), allowed=".npy"
        )
    return array


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
