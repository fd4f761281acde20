"""Estimated latencies beside published ones of the same networks: `python -m
benchmarks.published_latencies [--write]`.

The published ones were measured on parts: MLPerf Tiny v1.1 (closed division, single stream, the
same two `.tflite` files) and TinyEngine's table of the MCUNet networks, which here have random
weights.  Ours are estimates, layer by layer.  Other engines execute other instructions, so their
times do not check ours; where their instructions were counted, cycles an instruction do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.ledger import markdown, write_table
from benchmarks.published_models import KEYWORD_FILE, RESNET8_FILE, model_file
from benchmarks.schedule_networks import IN3, MBV2, VWW1
from tinynas.cost import LatencyEstimate, estimate_latency, fastest
from tinynas.devices import Budget, Device, load_device
from tinynas.graph.ir import Graph
from tinynas.importer import read_tflite
from tinynas.schedule import plan_layer

EVERYTHING = Budget(1 << 30, 1 << 30)
MLPERF = "https://github.com/mlcommons/tiny_results_v1.1"
TINYENGINE = "https://github.com/mit-han-lab/tinyengine"


@dataclass(frozen=True)
class Published:
    """One engine's milliseconds, and its instructions a MAC where they were counted."""

    network: str
    device: str
    engine: str
    milliseconds: float
    instructions_per_mac: float | None = None


def _of_rate(
    network: str, device: str, engine: str, rate: float, count: float | None = None
) -> Published:
    """From MLPerf's inferences a second."""
    return Published(network, device, engine, 1000 / rate, count)


KEYWORD, RESNET8, VWW, MOBILENET, IMAGENET = (
    "mlperf keyword",
    "mlperf resnet8",
    "mcunet-vww1",
    "mbv2-w0.35",
    "mcunet-in3",
)
PUBLISHED = (
    _of_rate(KEYWORD, "stm32l4r5xi", "CMSIS-NN (Skymizer)", 12.195, 2.95),
    _of_rate(KEYWORD, "stm32l4r5xi", "X-CUBE-AI (ST)", 15.905),
    _of_rate(KEYWORD, "stm32l4r5xi", "Plumerai", 20.929),
    _of_rate(KEYWORD, "stm32f746xg", "Bosch", 54.293),
    _of_rate(KEYWORD, "stm32f746xg", "Plumerai", 56.341),
    _of_rate(RESNET8, "stm32l4r5xi", "CMSIS-NN (Skymizer)", 3.348, 2.39),
    _of_rate(RESNET8, "stm32l4r5xi", "X-CUBE-AI (ST)", 4.673),
    _of_rate(RESNET8, "stm32l4r5xi", "Plumerai", 5.961),
    _of_rate(RESNET8, "stm32f746xg", "Bosch", 16.242),
    _of_rate(RESNET8, "stm32f746xg", "Plumerai", 15.904),
    Published(VWW, "stm32h743xi", "CMSIS-NN", 97, 4.15),
    Published(VWW, "stm32h743xi", "X-CUBE-AI", 57),
    Published(VWW, "stm32h743xi", "TinyEngine", 51, 3.00),
    Published(MOBILENET, "stm32h743xi", "X-CUBE-AI", 118),
    Published(MOBILENET, "stm32h743xi", "TinyEngine", 124),
    Published(IMAGENET, "stm32h743xi", "CMSIS-NN", 770),
    Published(IMAGENET, "stm32h743xi", "X-CUBE-AI", 414),
    Published(IMAGENET, "stm32h743xi", "TinyEngine", 336),
)
HEAD = [
    "network",
    "part",
    "engine",
    "ms",
    "instructions a MAC",
    "cycles an instruction",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="the table that is committed")
    write = parser.parse_args().write
    table = markdown(HEAD, list(rows()))
    print(table)
    if write:
        about = (
            "Measured on parts and published (MLPerf Tiny v1.1, "
            f"{MLPERF}; TinyEngine's table, {TINYENGINE}); those of this project are estimates. "
            "Instructions of CMSIS-NN and TinyEngine were counted in a simulator."
        )
        print(write_table("published_latencies", "Latencies beside published ones", about, table))
    return 0


def rows() -> Iterator[list[str]]:
    """Of every network and part what is published, then the estimates of ours."""
    graphs = networks()
    for name, device_name in dict.fromkeys((p.network, p.device) for p in PUBLISHED):
        graph, device = graphs[name], load_device(device_name)
        for published in PUBLISHED:
            if (published.network, published.device) == (name, device_name):
                yield _published(published, graph, device)
        for kernels, found in estimates(graph, device):
            yield [
                name,
                device.name,
                f"tinynas, {kernels}, estimated",
                f"{found.milliseconds:.1f}",
                f"{found.instructions / graph.macs:.2f}",
                f"{found.cycles / found.instructions:.2f}",
            ]


def networks() -> dict[str, Graph]:
    return {
        KEYWORD: read_tflite(model_file(KEYWORD_FILE)),
        RESNET8: read_tflite(model_file(RESNET8_FILE)),
        VWW: VWW1.graph(),
        MOBILENET: MBV2.graph(),
        IMAGENET: IN3.graph(),
    }


def estimates(graph: Graph, device: Device) -> Iterator[tuple[str, LatencyEstimate]]:
    """With the kernels of the least flash, and with those that the tool chooses if all fit."""
    plan = plan_layer(graph)
    yield "least flash", estimate_latency(graph, device, plan)
    chosen = fastest(graph, plan, EVERYTHING, device)
    yield "flash to spare", estimate_latency(graph, device, chosen)


def _published(published: Published, graph: Graph, device: Device) -> list[str]:
    count = published.instructions_per_mac
    cycles = published.milliseconds * device.clock_hz / 1000
    return [
        published.network,
        device.name,
        published.engine,
        f"{published.milliseconds:.1f}",
        "" if count is None else f"{count:.2f}",
        "" if count is None else f"{cycles / (count * graph.macs):.2f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
