"""What jobs say and produce, made from the project's own nouns, in amounts that tests ask for."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from tinynas.cost.ir import MemoryCost
from tinynas.devices import load_device
from tinynas.graph.ir import Graph
from tinynas.report import (
    CurvePoint,
    MistakeData,
    ReportData,
    SearchData,
    describe_blocks,
    describe_cost,
    describe_device,
    describe_layers,
    describe_schedule,
    picture,
)
from tinynas.schedule import Schedule, Segment, SegmentKind, patch_points, plan_patch
from tinynas.schedule.kernels import kernel_of
from tinynas.spaces import Architecture, SearchSpace, Subspace, load_space, network_of, skeleton

BUDGET = {"sram_bytes": 32 * 1024, "flash_bytes": 128 * 1024, "macs": None}
CLASSES = [str(n) for n in range(10)]
CODE, STACK, STATIC = 14_336, 648, 40
CHOSEN = (0.5, 48)  # the best of `subspaces`


def request(**changes: Any) -> dict[str, Any]:
    """A stored request as the API writes it."""
    return {
        "dataset": "digits",
        "device": "stm32f411xe",
        "sram_bytes": BUDGET["sram_bytes"],
        "flash_bytes": BUDGET["flash_bytes"],
        "space": "tiny",
        "schedules": "all",
        "macs": None,
        "effort": {"train_images": None, "evaluations": None, "finetune_images": None},
        "seed": 0,
        "name": None,
        "skip_bad_files": False,
        "simulator": None,
        **changes,
    }


def _space() -> SearchSpace:
    return load_space("tiny")


@cache
def subspaces() -> dict[str, Any]:
    """Stage 1's table: real networks of the tiny space, MACs of those with few enough weights."""
    rng = np.random.default_rng(0)
    rows = []
    for subspace in _space().subspaces():
        sampled = Architecture.of_rows(_space(), _space().sample(24, rng))
        graphs = [_graph(subspace, a) for a in sampled]
        macs = sorted(g.macs for g in graphs if _fits(g))
        cdf = np.quantile(macs, np.linspace(0, 1, 21)).tolist() if macs else []
        mean, fits = (float(np.mean(macs)) if macs else 0.0), len(macs) / len(graphs)
        rows.append(
            {
                "width": subspace.width,
                "resolution": subspace.resolution,
                "fits": fits,
                "mean_macs": mean,
                "p80_macs": cdf[16] if cdf else 0.0,
                "score": mean * fits,
                "cdf": cdf,
            }
        )
    chosen = max(rows, key=lambda r: r["score"])
    assert (chosen["width"], chosen["resolution"]) == CHOSEN
    keys = ("width", "resolution", "mean_macs", "p80_macs", "fits")
    return {
        "chosen": {key: chosen[key] for key in keys},
        "rule": "mean-of-all",
        "task": {"classes": 10, "input_channels": 1},
        "seconds": 0.6,
        "samples": 1000,
        "space": "tiny",
        "schedules": "all",
        "accounting": "device",
        "budget": dict(BUDGET),
        "subspaces": rows,
    }


def _graph(subspace: Subspace, architecture: Architecture) -> Graph:
    return skeleton(network_of(subspace, architecture, classes=10, input_channels=1))


def _fits(graph: Graph) -> bool:
    largest = max(t.bytes for t in graph.tensors.values() if not t.constant)
    return graph.constant_bytes < BUDGET["flash_bytes"] - CODE and largest < 20_000  # type: ignore[operator]


@cache
def candidates(count: int = 60) -> list[dict[str, Any]]:
    """Stage 2's candidates; the first two hundred are real networks, the rest vary their costs."""
    rng = np.random.default_rng(1)
    real = _networks(min(count, 200))
    found = []
    for i in range(count):
        architecture, graph = real[i % len(real)]
        spread = 1 + 0.05 * float(rng.standard_normal())
        largest = max(t.bytes for t in graph.tensors.values() if not t.constant)
        noise = 0.012 * float(rng.standard_normal())
        accuracy = 0.9 + 0.03 * np.log10(graph.macs * spread / 2e5) + noise
        found.append(
            {
                "id": i,
                "architecture": architecture,
                "schedule": _schedule(len(graph.ops), i % 3),
                "accuracy": round(min(0.999, float(accuracy)), 4),
                "sram_bytes": min(32_000, int(1.5 * largest * abs(spread)) + STACK),
                "flash_bytes": min(131_000, int(graph.constant_bytes * spread) + CODE),
                "macs": int(graph.macs * spread),
                "recomputed_macs": 0 if i % 3 else 12_000,
                "latency_ms": graph.macs * abs(spread) * 2.4 / 100e3,
                "pareto": False,
            }
        )
    _mark_front(found)
    return found


def _networks(count: int) -> list[tuple[dict[str, Any], Graph]]:
    """Architectures of the chosen subspace that fit, with their graphs."""
    rng = np.random.default_rng(1)
    subspace = Subspace(_space(), *CHOSEN)
    sampled = Architecture.of_rows(_space(), _space().sample(count * 2, rng))
    graphs = ((a.to_json(), _graph(subspace, a)) for a in sampled)
    return list(islice(((a, graph) for a, graph in graphs if _fits(graph)), count))


@cache
def _schedule(ops: int, manner: int) -> dict[str, Any]:
    """Patches first, a stream first, or layer by layer."""
    heads = (
        [Segment(SegmentKind.PATCH, 0, 5, (2, 2))],
        [Segment(SegmentKind.STREAM, 0, 7, chunk=4, fed=True)],
        [],
    )
    head = heads[manner]
    tail = Segment(SegmentKind.LAYER, head[-1].last if head else 0, ops)
    found = Schedule((*head, tail), (), 0, 0).to_json()
    return {key: found[key] for key in ("summary", "segments")}


def _mark_front(found: list[dict[str, Any]]) -> None:
    """Whoever dominates a point comes before it in order, and somebody of the front does then."""
    points = np.array(
        [
            (-c["accuracy"], c["sram_bytes"], c["flash_bytes"], c["macs"] + c["recomputed_macs"])
            for c in found
        ]
    )
    front = np.empty((0, 4))
    for i in np.lexsort(points.T[::-1]):
        worse = (front <= points[i]).all(axis=1) & (front < points[i]).any(axis=1)
        if not worse.any():
            found[i]["pareto"] = True
            front = np.vstack([front, points[i]])


@cache
def _built() -> tuple[Graph, Schedule, dict[str, Any]]:
    best = max(candidates(), key=lambda c: c["accuracy"])
    architecture = Architecture.from_json(_space(), best["architecture"])
    graph = _graph(Subspace(_space(), *CHOSEN), architecture)
    return graph, plan_patch(graph, patch_points(graph)[1], (2, 2)), best


def result() -> dict[str, Any]:
    """A finished job's summary, as `tinynas demo --json` prints it."""
    data = report()
    return {
        "dataset": "digits",
        "device": data["device"]["name"],
        "subspace": {"width": CHOSEN[0], "resolution": CHOSEN[1]},
        "architecture": data["architecture"],
        "schedule": data["schedule"],
        "accuracy": data["accuracy"],
        "macs": data["macs"],
        "recomputed_macs": data["schedule"]["recomputed_macs"],
        "sram_bytes": {k: data["sram_bytes"][k] for k in ("budget", "predicted", "measured")},
        "flash_bytes": {k: data["flash_bytes"][k] for k in ("budget", "predicted", "measured")},
        "validation": {
            k: data["validation"][k]
            for k in ("simulator", "vectors", "mismatched_bytes", "instructions")
        },
    }


def report() -> ReportData:
    """The report's data of the most accurate candidate."""
    graph, schedule, best = _built()
    architecture = Architecture.from_json(_space(), best["architecture"])
    network = network_of(Subspace(_space(), *CHOSEN), architecture, classes=10, input_channels=1)
    cost = MemoryCost(schedule.arena_bytes, STATIC, STACK, graph.constant_bytes + 900, CODE)
    rng = np.random.default_rng(2)
    confusion = (rng.random((10, 10)) ** 9 * 4).astype(int) + 35 * np.eye(10, dtype=int)
    return ReportData(
        name="digits on stm32f411xe",
        created="2026-01-02 03:04 UTC",
        request=request(),
        device=describe_device(load_device("stm32f411xe")),
        subspaces=subspaces(),  # type: ignore[typeddict-item]
        candidates=candidates(),  # type: ignore[typeddict-item]
        chosen=best["id"],
        architecture=best["architecture"],
        blocks=describe_blocks(network, graph),
        layers=describe_layers(
            graph,
            kernels={op.name: kernel_of(graph, op).value for op in graph.ops},
            flash_bytes={
                op.name: sum(graph.tensors[n].bytes for n in op.inputs if graph.tensors[n].constant)
                for op in graph.ops
            },
            instructions={op.name: 900 + 40 * i for i, op in enumerate(graph.ops)},
        ),
        schedule=describe_schedule(schedule),
        macs=graph.macs,
        accuracy={"float": 0.9833, "int8": 0.9806},
        sram_bytes={
            "budget": 32 * 1024,
            "predicted": cost.sram_bytes,
            "linked": cost.arena_bytes + STATIC,
            "stack": STACK + 8,
            "measured": cost.sram_bytes + 8,
        },
        flash_bytes={
            "budget": 128 * 1024,
            "predicted": cost.flash_bytes,
            "measured": cost.flash_bytes + 124,
            "harness": 4_812,
            "vectors": 16 * 2314,
        },
        memory_parts=describe_cost(cost),
        validation={
            "simulator": "unicorn",
            "compiler": "arm-none-eabi-gcc 12.2.1",
            "vectors": 16,
            "mismatched_bytes": 0,
            "instructions": 3_456_789,
            "instructions_per_mac": 2.41,
        },
        versions={"tinynas": "0.1.0"},
        confusion={"classes": CLASSES, "counts": confusion.tolist()},
        mistakes=mistakes(),
        training=[{"step": "supernet", "name": "supernet", "points": curve_points()}],
        search=refusals(),
    )


def report_of_classes(count: int) -> ReportData:
    """The same of a task with so many classes, of which the network knows number 7 least."""
    counts = 30 * np.eye(count, dtype=int) + np.roll(np.eye(count, dtype=int), 1, axis=1)
    counts[7, 7] = 2
    classes = [f"class {n}" for n in range(count)]
    return {**report(), "confusion": {"classes": classes, "counts": counts.tolist()}}


def mistakes(count: int = 6) -> list[MistakeData]:
    """Pictures of noise, each taken for the digit after its own."""
    rng = np.random.default_rng(3)
    return [
        {
            "image": picture(rng.integers(0, 255, (8, 8, 1), dtype=np.uint8)),
            "index": 11 * i,
            "true": CLASSES[i],
            "taken_for": CLASSES[i + 1],
            "confidence": round(0.9 - 0.05 * i, 2),
            "confidence_in_truth": 0.05,
        }
        for i in range(count)
    ]


def refusals() -> SearchData:
    """Of a hundred proposals ten were known and thirty too large, some in two ways."""
    smallest = _space().smallest.to_json()
    return {
        "asked": 100,
        "refused": 30,
        "repeated": 10,
        "over": {"sram": 25, "flash": 8},
        "nearest": [
            {"over": {"sram": 512}, "architecture": smallest},
            {"over": {"sram": 2048, "flash": 4096}, "architecture": smallest},
        ],
    }


def curve_points() -> list[CurvePoint]:
    return [{"at": e["at"], "values": e["values"]} for e in training()]


def training(points: int = 40, total: int = 60_000) -> list[dict[str, Any]]:
    """`metric` events of the supernet's training, validation every tenth point."""
    events = []
    for i in range(1, points + 1):
        share = i / points
        values = {}
        for who, worse in (("largest", 0.0), ("smallest", 0.25), ("sampled", 0.12)):
            values[f"{who}_loss"] = (2.3 + worse) * 0.07**share + worse * 0.4
            values[f"{who}_accuracy"] = 0.985 - worse * 0.15 - 0.88 * 0.02**share
        events.append({"name": "supernet", "at": total * i // points, "values": values})
        if i % 10 == 0:
            held = {
                f"{who}_validation_accuracy": values[f"{who}_accuracy"] - 0.01
                for who in ("largest", "smallest")
            }
            events.append({"name": "supernet", "at": total * i // points, "values": held})
    return events
