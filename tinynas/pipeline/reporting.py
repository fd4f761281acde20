"""The last step: what was promised beside what was measured, and everything to take away."""

from __future__ import annotations

import json
import platform
import shutil
import zipfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch

from tinynas.cost import memory_cost
from tinynas.cost.layout import constant_bytes
from tinynas.emit import Bundle
from tinynas.emit.bundle import rewrite_files
from tinynas.export import write_onnx, write_tflite
from tinynas.graph.ir import Graph
from tinynas.pipeline.curves import curves_of
from tinynas.pipeline.files import read_json
from tinynas.pipeline.finish import FINALISTS, deployed
from tinynas.pipeline.job import Job
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.pipeline.training import export_supernet
from tinynas.report import (
    MemoryFigures,
    ReportData,
    build_report,
    describe_blocks,
    describe_cost,
    describe_device,
    describe_layers,
    describe_schedule,
)
from tinynas.request import SUPERNET
from tinynas.schedule import Schedule
from tinynas.schedule.kernels import kernel_in
from tinynas.spaces import Architecture, Subspace, definition_of, network_of

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in `bundle.zip`: the same bundle gives the same archive."""


def report(
    job: Job,
    subspace: Subspace,
    architecture: Architecture,
    outputs: dict[str, StepOutput],
    bundle: Bundle,
) -> StepOutput:
    """`artifacts/`: weights, exports, the bundle as a zip with its report inside, the report; and
    the supernet, where the job has trained one."""

    def work(step: Workspace) -> None:
        artifacts = step.out / "artifacts"
        data = _data(job, subspace, architecture, outputs, bundle)
        files = build_report(data, artifacts)
        write_tflite(bundle.graph, artifacts / "model.tflite")
        write_onnx(bundle.graph, artifacts / "model.onnx")
        weights = torch.load(outputs["finetune"].path / "subnet.pt", weights_only=True)
        torch.save(_checkpoint(job, subspace, architecture, weights), artifacts / "model.pt")
        if job.given is None:
            export_supernet(job, subspace, outputs["supernet"], artifacts / SUPERNET)
        shutil.copytree(bundle.path, step.out / "bundle")
        own = (files.json, files.html, files.markdown, files.layers)
        rewrite_files(step.out / "bundle", {file.name: file.read_bytes() for file in own})
        zip_folder(step.out / "bundle", artifacts / "bundle.zip", root="bundle")
        shutil.copy(outputs["subspace"].path / "subspaces.svg", artifacts)
        log = outputs["simulate"].path / f"{data['validation']['simulator']}.log"
        if log.is_file():
            shutil.copy(log, artifacts / "simulator.txt")
        result = result_json(job, data, subspace.resolution_of(architecture))
        if len(standings := read_json(outputs["finetune"].path / FINALISTS)["finalists"]) > 1:
            result["finalists"] = standings
        (artifacts / "result.json").write_text(json.dumps(result) + "\n")

    inputs = {name: output.key for name, output in outputs.items()}
    rooms = ("cost", "export", "graph", "pipeline/reporting.py", "report")
    return job.steps.run("report", inputs, work, rooms=rooms)


def _checkpoint(
    job: Job, subspace: Subspace, architecture: Architecture, weights: dict[str, Any]
) -> dict[str, Any]:
    """Loadable with `weights_only`: tensors and plain values."""
    return {
        "state_dict": weights,
        "architecture": architecture.to_json(),
        "definition": definition_of(job.space),
        "width": subspace.width,
        "resolution": subspace.resolution_of(architecture),
        "classes": list(job.dataset.classes),
        "input_channels": job.input_channels,
        "preprocessing": "(uint8 - 128) / 128, NCHW",
    }


def zip_folder(folder: Path, target: Path, *, root: str) -> None:
    """`folder` as a zip whose paths begin with `root`; the same bytes for the same files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = f"{root}/{path.relative_to(folder).as_posix()}"
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())


def _data(
    job: Job,
    subspace: Subspace,
    architecture: Architecture,
    outputs: dict[str, StepOutput],
    bundle: Bundle,
) -> ReportData:
    network = network_of(
        subspace, architecture, classes=job.classes, input_channels=job.input_channels
    )
    graph, schedule = bundle.graph, bundle.schedule
    cost = memory_cost(graph, schedule, job.device.core, job.compiler)
    found = read_json(outputs["search"].path / "candidates.json")
    accuracy = read_json(outputs["quantise"].path / "accuracy.json")
    quantised = read_json(outputs["quantise"].path / "quantisation.json")
    measured = read_json(outputs["simulate"].path / "measurement.json")
    budget = job.request.budget
    return ReportData(
        name=job.request.name or f"{job.dataset.name} on {job.device.name}",
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        request=job.request.to_json(),
        device=describe_device(job.device),
        subspaces=read_json(outputs["subspace"].path / "subspaces.json"),
        candidates=found["candidates"],
        chosen=deployed(outputs["finetune"]),
        architecture=architecture.to_json(),
        blocks=describe_blocks(network, graph),
        layers=describe_layers(
            graph,
            kernels={op.name: kernel_in(graph, schedule, op).value for op in graph.ops},
            flash_bytes=_flash_by_op(graph, schedule),
            instructions={
                layer["name"]: layer["instructions"] for layer in measured["layers"] or ()
            },
            noise={layer["tensor"]: layer for layer in quantised.pop("layers")},
        ),
        schedule=describe_schedule(schedule),
        macs=graph.macs,
        accuracy={"float": accuracy["float"], "int8": accuracy["int8"]},
        sram_bytes=_figures(budget.sram_bytes, measured["sram_bytes"]),
        flash_bytes=_figures(budget.flash_bytes, measured["flash_bytes"]),
        memory_parts=describe_cost(cost),
        validation={
            key: measured[key]
            for key in (
                "simulator",
                "machine",
                "linked_for",
                "compiler",
                "vectors",
                "mismatched_bytes",
                "instructions",
                "instructions_per_mac",
            )
        },
        versions={
            "tinynas": version("tinynas"),
            "torch": version("torch"),
            "python": platform.python_version(),
        },
        quantisation=quantised,
        dataset=job.summary.to_json(),
        confusion={"classes": list(job.dataset.classes), "counts": accuracy["confusion"]},
        mistakes=read_json(outputs["quantise"].path / "mistakes.json"),
        training=[
            curve
            for step in ("supernet", "finetune", "quantise")
            for curve in curves_of(step, outputs[step].path)
        ],
        search=found["refusals"],
    )


def _figures(budget: int, measured: dict[str, int]) -> MemoryFigures:
    return cast(MemoryFigures, {"budget": budget, **measured})


def _flash_by_op(graph: Graph, schedule: Schedule) -> dict[str, int]:
    return {
        op.name: constant_bytes(graph, op, kernel_in(graph, schedule, op)).total for op in graph.ops
    }


def _headline(figures: MemoryFigures) -> dict[str, int]:
    return {
        "budget": figures["budget"],
        "predicted": figures["predicted"],
        "measured": figures["measured"],
    }


def result_json(job: Job, data: ReportData, resolution: int) -> dict[str, Any]:
    """The summary of a job: what `tinynas demo --json` and `GET /jobs/{id}` give; `resolution` is
    that of the network in pixels."""
    chosen = data["subspaces"]["chosen"]
    return {
        "dataset": job.dataset.name,
        "device": job.device.name,
        "subspace": {"width": chosen["width"], "resolution": resolution},
        "architecture": data["architecture"],
        "schedule": {key: data["schedule"][key] for key in ("summary", "segments")},
        "accuracy": data["accuracy"],
        "quantisation": data.get("quantisation"),
        "macs": data["macs"],
        "recomputed_macs": data["schedule"]["recomputed_macs"],
        "sram_bytes": _headline(data["sram_bytes"]),
        "flash_bytes": _headline(data["flash_bytes"]),
        "validation": {
            key: data["validation"][key]
            for key in ("simulator", "vectors", "mismatched_bytes", "instructions")
        },
    }
