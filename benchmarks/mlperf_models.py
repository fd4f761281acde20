"""The two MLPerf Tiny models on all three simulators against LiteRT's reference kernels.

    python -m benchmarks.mlperf_models [--inputs 200] [--device stm32f405rg] [--write]

Each model is compiled for the part, built, and run on N inputs by Renode, QEMU and Unicorn; every
output byte is compared with LiteRT's (`BUILTIN_REF`).  Image classification sees test images of
CIFAR-10; keyword spotting, whose data set is not at hand, noise of many strengths.  `--write` puts
the table into `benchmarks/results/mlperf_models.md`, beside what other engines need.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.litert import run_litert_model
from benchmarks.published_models import KEYWORD_FILE, RESNET8_FILE, model_file
from tinynas.build import find_toolchain
from tinynas.data import load_dataset
from tinynas.devices import load_device
from tinynas.errors import MissingToolError
from tinynas.graph.edges import from_graph, to_graph
from tinynas.graph.rows import pack_rows, unpack_rows
from tinynas.pipeline.compiling import compile_tflite
from tinynas.simulate import find_simulator, simulator_names, validate

RESULT = Path(__file__).parent / "results" / "mlperf_models.md"
TIME_LIMIT_S = 3600.0


@dataclass(frozen=True)
class Model:
    """`others`: instructions a MAC that CMSIS-NN needed, measured the same way."""

    name: str
    file: str
    dataset: str | None
    others: float


MODELS = (
    Model("image classification, ResNet8", RESNET8_FILE, "cifar10", 2.39),
    Model("keyword spotting, DS-CNN", KEYWORD_FILE, None, 2.95),
)


@dataclass(frozen=True)
class Row:
    model: str
    simulator: str
    machine: str
    compiler: str
    inputs: int
    mismatched_bytes: int
    compared_bytes: int
    accuracy: float | None
    sram_predicted: int
    sram_measured: int
    flash_predicted: int
    flash_measured: int
    instructions: int
    instructions_per_mac: float
    cmsis_nn: float
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=200)
    parser.add_argument("--device", default="stm32f405rg")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"the table into {RESULT.name}")
    arguments = parser.parse_args()
    rows = []
    for model in MODELS:
        rows += measured(model, arguments.inputs, arguments.device, arguments.seed)
    print(json.dumps([asdict(row) for row in rows]))
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(table(rows, arguments.device))
    return 1 if any(row.mismatched_bytes for row in rows) else 0


def measured(model: Model, count: int, part: str, seed: int) -> list[Row]:
    """One row a simulator that is installed."""
    file = model_file(model.file)
    device = load_device(part)
    with tempfile.TemporaryDirectory() as folder:
        bundle = compile_tflite(file, device, device.default_budget, Path(folder) / "bundle")
        graph = bundle.graph
        x, labels = inputs_of(model, graph.tensors[graph.inputs[0]].shape, count, seed)
        expected = run_litert_model(file.read_bytes(), [x])[0]
        stored = pack_rows(graph, graph.inputs, to_graph(graph, [x]))
        rows = []
        for name in simulator_names():
            try:
                find_simulator(name)
            except MissingToolError as error:
                print(f"{error.message}: left out", file=sys.stderr)
                continue
            started = time.monotonic()
            found = validate(bundle, simulator=name, inputs=stored, time_limit_s=TIME_LIMIT_S)
            tensors = dict(unpack_rows(graph, graph.outputs, found.run.outputs))
            got = from_graph(graph, tensors)[0]
            value = found.to_json()
            chosen = got.reshape(count, -1).argmax(axis=1)
            rows.append(
                Row(
                    model=model.name,
                    simulator=name,
                    machine=found.run.machine,
                    compiler=found.firmware.compiler,
                    inputs=count,
                    mismatched_bytes=int((got != expected).sum()) + found.mismatched_bytes,
                    compared_bytes=expected.nbytes,
                    accuracy=None if labels is None else float((chosen == labels).mean()),
                    sram_predicted=value["sram_bytes"]["predicted"],
                    sram_measured=value["sram_bytes"]["measured"],
                    flash_predicted=value["flash_bytes"]["predicted"],
                    flash_measured=value["flash_bytes"]["measured"],
                    instructions=found.run.instructions,
                    instructions_per_mac=found.run.instructions / graph.macs,
                    cmsis_nn=model.others,
                    seconds=round(time.monotonic() - started, 1),
                )
            )
            print(rows[-1], file=sys.stderr)
    return rows


def inputs_of(
    model: Model, shape: tuple[int, ...], count: int, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Inputs int8 [N, ...] in the model's own type, and their labels where there are any."""
    if model.dataset is None:
        # Noise of several strengths around several levels: even noise alone is one class.
        rng = np.random.default_rng(seed)
        level = rng.integers(-100, 100, (count, 1, 1, shape[-1]))
        noise = rng.normal(0, 1, (count, *shape[1:])) * rng.uniform(1, 90, (count, 1, 1, 1))
        return np.clip(level + noise, -128, 127).astype(np.int8), None
    test = load_dataset(model.dataset).test.take(np.arange(count))
    return (test.images ^ np.uint8(0x80)).view(np.int8), test.labels


def table(rows: list[Row], part: str) -> str:
    """The rows as Markdown, with the command that makes them."""
    head = (
        "| model | simulator | inputs | bytes compared | mismatched | top-1 | SRAM predicted / "
        "measured | flash predicted / measured | instructions | a MAC | CMSIS-NN |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
    lines = "".join(
        f"| {r.model} | {r.machine} | {r.inputs} | {r.compared_bytes:,} | {r.mismatched_bytes} | "
        f"{'' if r.accuracy is None else f'{r.accuracy:.1%}'} | "
        f"{r.sram_predicted:,} / {r.sram_measured:,} | {r.flash_predicted:,} / "
        f"{r.flash_measured:,} | {r.instructions:,} | {r.instructions_per_mac:.2f} | "
        f"{r.cmsis_nn:.2f} |\n"
        for r in rows
    )
    return (
        "# MLPerf Tiny models on the simulated device, against LiteRT's reference kernels\n\n"
        f"`python -m benchmarks.mlperf_models --inputs {rows[0].inputs} --device {part} --write`, "
        f"{find_toolchain().label}.\n\n{head}{lines}\n"
        "Instructions are of the first input, and simulated; QEMU's are by its timer.  The last "
        "column is what CMSIS-NN\nexecutes a MAC for the same model on a simulated Cortex-M4 with "
        "`arm-none-eabi-gcc` 12.2.1 `-O3`; TinyEngine refuses both\nmodels.  SRAM is arena, "
        "context and stack, with input and output inside.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
