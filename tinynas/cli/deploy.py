"""`tinynas validate` and `tinynas run`: a bundle on the simulated part, or on the host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zipfile import BadZipFile

import typer

from tinynas.cli.output import JsonFlag, console, fail, print_json, print_table, reports_errors
from tinynas.errors import InvalidInputError, TinynasError
from tinynas.units import format_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tinynas.emit import Bundle
    from tinynas.simulate.accuracy import LabelledRows

app = typer.Typer()


@app.command("compile")
@reports_errors
def compile_command(
    model: Annotated[Path, typer.Argument(help="An int8 .tflite, or a search's model.pt.")],
    device: Annotated[str, typer.Option(help="A part, see `tinynas devices`.")],
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    sram: Annotated[str | None, typer.Option(help="SRAM budget, e.g. 128KB.")] = None,
    flash: Annotated[str | None, typer.Option(help="Flash budget, e.g. 512KB.")] = None,
    calibration: Annotated[
        str | None,
        typer.Option(help="Data that show activation ranges, for a model.pt: a name, or a folder."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the test vectors.")] = 0,
    image: Annotated[
        str, typer.Option("--input", help="held in SRAM, or pushed in rows as they come.")
    ] = "held",
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the memory over time (.png or .svg).")
    ] = None,
    plot_front: Annotated[
        Path | None, typer.Option(help="Picture of SRAM against recomputation (.png or .svg).")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """An int8 model to a C bundle."""
    from tinynas import library
    from tinynas.report.describe import describe_latency, why_no_latency
    from tinynas.schedule import front, schedules_for
    from tinynas.schedule.pictures import FrontPicture, MemoryPicture, check_name

    for file in (plot, plot_front):
        check_name(file)
    bundle = library.compile_model(
        model,
        device=device,
        sram=sram,
        flash=flash,
        out=out,
        calibration=calibration,
        seed=seed,
        image=image,
    )
    graph, predicted = bundle.graph, bundle.description["predicted"]
    if plot is not None:
        MemoryPicture(graph, bundle.schedule).save(plot)
    if plot_front is not None:
        # The simple schedules beside the front show what the mixtures are worth.
        simple = [s for kind in ("layer", "stream") for s in schedules_for(graph, kind)]
        best = front(graph, fed=bundle.schedule.fed_by_rows)
        FrontPicture(graph, [*best, *simple]).save(plot_front)
    budget = bundle.description["budget"]
    latency = describe_latency(graph, bundle.description["device"], bundle.schedule)
    none = why_no_latency(bundle.description["core"])
    value = {
        "bundle": str(bundle.path),
        "operators": len(graph.ops),
        "macs": graph.macs,
        "schedule": bundle.schedule.summary,
        "latency": latency,
        "no_latency": none,
        "sram_bytes": {
            "predicted": predicted["sram_bytes"],
            "budget": budget["sram_bytes"],
            "arena": bundle.arena_bytes,
            "static": predicted["static_bytes"],
            "stack": predicted["stack_bytes"],
        },
        "flash_bytes": {
            "predicted": predicted["flash_bytes"],
            "budget": budget["flash_bytes"],
            "code": predicted["code_bytes"],
            "constants": predicted["constant_bytes"],
        },
    }
    if as_json:
        print_json(value)
        return
    console.print(
        f"{value['bundle']}: {value['operators']} operators, {value['macs']:,} MACs, "
        f"{value['schedule']}; SRAM {format_bytes(predicted['sram_bytes'])}, "
        f"flash {format_bytes(predicted['flash_bytes'])} "
        f"(predicted for {predicted['compiler']})"
        + (f"; about {latency['estimated_ms']:.1f} ms (an estimate)" if latency else "")
        + (f"; {none}" if none else ""),
        highlight=False,
    )


BundleArgument = Annotated[Path, typer.Argument(help="A bundle's folder.")]


@app.command("validate")
@reports_errors
def validate_command(
    bundle: BundleArgument,
    simulator: Annotated[str | None, typer.Option(help="renode, qemu or unicorn.")] = None,
    compiler: Annotated[
        str | None, typer.Option(help="arm-none-eabi-gcc or ziglang; the first one found.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Images to classify on the device: a known name, or a folder."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many images (or vectors).")
    ] = None,
    mean: Annotated[
        float | None,
        typer.Option(help="Pixels enter as (p - mean) / std, p in 0 to 255; else as p - 128."),
    ] = None,
    std: Annotated[float | None, typer.Option(help="Given with --mean.")] = None,
    time_limit: Annotated[
        float, typer.Option(min=1, help="Seconds that the simulation may take.")
    ] = 600.0,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Build, run on the simulated part, compare every output byte, measure."""
    from tinynas.emit import load_bundle
    from tinynas.report import refresh_report
    from tinynas.simulate import validate

    loaded = load_bundle(bundle)
    images = None if dataset is None else _images(loaded, dataset, limit, mean, std)
    with console.status("building and simulating"):
        measurement = validate(
            loaded,
            simulator=simulator,
            toolchain=compiler,
            limit=limit,
            inputs=None if images is None else images.inputs,
            time_limit_s=time_limit,
        )
    refresh_report(loaded, measurement.to_json())
    value = measurement.summary()
    if images is not None:
        value["dataset"], value["images"] = images.dataset, len(images.labels)
        value["accuracy"] = {
            "device": images.accuracy(measurement.run.outputs),
            "reference": images.reference_accuracy(loaded.graph),
        }
    if as_json:
        print_json(value)
    else:
        _print(measurement.to_json() | value)
    if value["mismatched_bytes"]:
        fail(
            TinynasError(f"{value['mismatched_bytes']} output bytes differ from the reference"),
            as_json=False,
        )


def _images(
    bundle: Bundle, dataset: str, limit: int | None, mean: float | None, std: float | None
) -> LabelledRows:
    from tinynas.simulate.accuracy import Normalisation, labelled_rows

    if (mean is None) != (std is None):
        raise InvalidInputError(
            "half a normalisation", field="mean, std", given=f"{mean}, {std}", allowed="both"
        )
    normalisation = None if mean is None or std is None else Normalisation(mean, std)
    with console.status(f"reading {dataset}"):
        return labelled_rows(bundle, dataset, limit, normalisation=normalisation)


@app.command("run")
@reports_errors
def run_command(
    bundle: BundleArgument,
    input_files: Annotated[
        list[Path],
        typer.Option(
            "--input",
            help="N inputs, .npy; of several inputs one .npy each in the model's order, one .npz "
            "with the model's names, or one .npy of rows that hold all of them, flat.",
        ),
    ],
    output_file: Annotated[
        Path,
        typer.Option(
            "--output",
            help="For their outputs: .npy, every output flat in one row an input, or .npz, each "
            "output in its shape by the model's name.",
        ),
    ],
    simulator: Annotated[
        str | None, typer.Option(help="renode, qemu or unicorn; without one it runs here.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Run a bundle on inputs of one's own; types are the model's."""
    import numpy as np

    from tinynas.emit import load_bundle
    from tinynas.simulate import bundle_outputs, flattened, output_names

    loaded = load_bundle(bundle)
    outputs = bundle_outputs(loaded, _read_inputs(input_files), simulator=simulator)
    rows = flattened(outputs)
    with output_file.open("wb") as stream:
        if output_file.suffix.lower() == ".npz":
            names = output_names(loaded.graph)
            np.savez(stream, allow_pickle=False, **dict(zip(names, outputs, strict=True)))
        else:
            np.save(stream, rows, allow_pickle=False)
    value = {
        "output": str(output_file),
        "inputs": len(rows),
        "shape": list(rows.shape),
        "dtype": str(rows.dtype),
        "simulator": simulator,
    }
    if as_json:
        print_json(value)
        return
    console.print(f"{value['output']}: {value['shape']} of {value['dtype']}", highlight=False)


def _read_inputs(paths: list[Path]) -> NDArray[Any] | list[NDArray[Any]] | dict[str, NDArray[Any]]:
    found = [_read_array(path) for path in paths]
    if len(found) == 1:
        return found[0]
    several = next((p for p, f in zip(paths, found, strict=True) if isinstance(f, dict)), None)
    if several is not None:
        raise InvalidInputError(
            f"{several} holds several arrays beside other files",
            field="input",
            given=str(several),
            allowed="one .npz, or one .npy an input",
        )
    return [f for f in found if not isinstance(f, dict)]


def _read_array(path: Path) -> NDArray[Any] | dict[str, NDArray[Any]]:
    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise InvalidInputError(
            f"{path} is no .npy or .npz file: {error}",
            field="input",
            given=str(path),
            allowed=".npy or .npz",
        ) from error


def _print(measured: dict[str, Any]) -> None:
    sram, flash = measured["sram_bytes"], measured["flash_bytes"]
    layers = [
        (
            layer["index"],
            layer["name"],
            layer["kind"],
            layer["macs"],
            layer["instructions"],
            layer["sram_bytes"],
            layer["flash_bytes"],
        )
        for layer in measured["layers"]
    ]
    columns = ("", "layer", "operator", "MACs", "instructions", "SRAM bytes", "flash bytes")
    print_table("layers", columns, layers)
    rows = [
        ("SRAM", *(format_bytes(sram[k]) for k in ("predicted", "measured"))),
        ("flash", *(format_bytes(flash[k]) for k in ("predicted", "measured"))),
    ]
    title = f"{measured['device']} on {measured['simulator']}, {measured['compiler']}"
    print_table(title, ("memory", "predicted", "measured"), rows)
    per_mac = measured["instructions_per_mac"]
    console.print(
        f"{measured['vectors']} vectors, {measured['mismatched_bytes']} mismatched bytes, "
        f"{measured['instructions']:,} instructions "
        + ("" if per_mac is None else f"({per_mac:.2f} a MAC), ")
        + "simulated",
        highlight=False,
    )
    if "accuracy" in measured:
        console.print(
            f"{measured['images']} images of {measured['dataset']}: "
            f"{measured['accuracy']['device']:.2%} right on the device, "
            f"{measured['accuracy']['reference']:.2%} by the integer reference",
            highlight=False,
        )
