"""A small but whole report, made from the project's own nouns."""

from __future__ import annotations

import pytest

from tinynas.cost.ir import MemoryCost
from tinynas.devices import load_device
from tinynas.graph.ir import Graph
from tinynas.report import (
    ReportData,
    describe_blocks,
    describe_cost,
    describe_device,
    describe_layers,
    describe_schedule,
)
from tinynas.schedule.ir import Buffer, Schedule, Segment, SegmentKind
from tinynas.spaces import NetworkShape, Subspace, load_space, network_of, skeleton


@pytest.fixture(scope="session")
def network() -> NetworkShape:
    space = load_space("tiny")
    return network_of(Subspace(space, 0.5, 16), space.smallest, classes=3, input_channels=1)


@pytest.fixture(scope="session")
def graph(network: NetworkShape) -> Graph:
    return skeleton(network)


@pytest.fixture(scope="session")
def schedule(graph: Graph) -> Schedule:
    """Every activation in a place of its own; the first three ops in patches."""
    written = {op.outputs[0]: i for i, op in enumerate(graph.ops)}
    buffers, offset = [], 0
    for name, tensor in graph.tensors.items():
        if tensor.constant:
            continue
        readers = [i for i, op in enumerate(graph.ops) if name in op.inputs]
        first = written.get(name, 0)
        last = max(readers, default=first)
        buffers.append(Buffer(name, tensor.bytes, first, last, offset, name))
        offset += tensor.bytes
    buffers.append(Buffer("scratch", 64, 1, 1, offset))
    segments = (
        Segment(SegmentKind.PATCH, 0, 3, (2, 2)),
        Segment(SegmentKind.LAYER, 3, len(graph.ops)),
    )
    return Schedule(segments, tuple(buffers), offset + 64, 1200)


def _subspace(width: float, resolution: int, fits: float, macs: float) -> dict[str, object]:
    cdf = [macs * (0.5 + i / 20) for i in range(21)] if fits else []
    return {
        "width": width,
        "resolution": resolution,
        "fits": fits,
        "mean_macs": macs if fits else 0.0,
        "p80_macs": macs * 1.3 if fits else 0.0,
        "score": macs * fits,
        "cdf": cdf,
    }


@pytest.fixture
def data(network: NetworkShape, graph: Graph, schedule: Schedule) -> ReportData:
    cost = MemoryCost(schedule.arena_bytes, 64, 640, 9000, 7000)
    costs = [(0.90, 4000), (0.95, 6000), (0.93, 7000), (0.97, 8000)]
    return ReportData(
        name="shapes on stm32f411",
        created="2026-01-02 03:04 UTC",
        request={"dataset": "shapes", "seed": 7, "space": "tiny", "macs": None},
        device=describe_device(load_device("stm32f411xe")),
        subspaces={
            "chosen": {
                "width": 0.5,
                "resolution": 16,
                "mean_macs": 2e6,
                "p80_macs": 2.6e6,
                "fits": 0.8,
            },
            "rule": "The largest mean wins.",
            "samples": 1000,
            "schedules": "all",
            "accounting": "device",
            "budget": {"sram_bytes": 32768, "flash_bytes": 131072},
            "subspaces": [  # type: ignore[typeddict-item]
                _subspace(0.25, 16, 1.0, 1e6),
                _subspace(0.5, 16, 0.8, 2e6),
                _subspace(0.25, 24, 0.2, 3e6),
                _subspace(0.5, 24, 0.0, 4e6),
            ],
        },
        candidates=[
            {
                "id": i,
                "architecture": load_space("tiny").smallest.to_json(),
                "schedule": {
                    "summary": "layer ops 0 to 4",
                    "segments": [{"kind": "layer", "first": 0, "last": 5, "grid": [1, 1]}],
                },
                "accuracy": accuracy,
                "sram_bytes": size,
                "flash_bytes": size * 3,
                "macs": size * 100,
                "recomputed_macs": 0,
                "pareto": i != 2,
            }
            for i, (accuracy, size) in enumerate(costs)
        ],
        chosen=3,
        architecture=load_space("tiny").smallest.to_json(),
        blocks=describe_blocks(network, graph),
        layers=describe_layers(
            graph,
            flash_bytes={op.name: 100 + i for i, op in enumerate(graph.ops)},
            instructions={op.name: 10_000 * (i + 1) for i, op in enumerate(graph.ops)},
            noise={
                op.outputs[0]: {"signal_to_noise_db": 30.0 - i, "saturated": 0.02 * (i == 1)}
                for i, op in enumerate(graph.ops)
            },
        ),
        schedule=describe_schedule(schedule),
        macs=graph.macs,
        accuracy={"float": 0.9712, "int8": 0.9688},
        sram_bytes={
            "budget": 32768,
            "predicted": cost.sram_bytes,
            "linked": schedule.arena_bytes + 64,
            "stack": 648,
            "measured": cost.sram_bytes + 8,
        },
        flash_bytes={"budget": 131072, "predicted": 16000, "measured": 16100},
        memory_parts=describe_cost(cost),
        validation={
            "simulator": "unicorn",
            "compiler": "gcc 12",
            "vectors": 16,
            "mismatched_bytes": 0,
            "instructions": 1234567,
            "instructions_per_mac": 2.5,
        },
        versions={"tinynas": "0.1.0"},
        quantisation={
            "method": "quantisation-aware",
            "post_training": {
                "estimator": "mse",
                "equalised": True,
                "signal_to_noise_db": 19.5,
            },
            "validation": {"float": 0.98, "int8": 0.975},
        },
        confusion={
            "classes": ["disc", "ring", "star"],
            "counts": [[9, 1, 0], [0, 10, 0], [2, 0, 8]],
        },
    )
