"""Measures `tinynas/cost/code_sizes.json`: code and stack of the C kernels, per compiler and core.

    python -m benchmarks.code_sizes [--check] [--compiler NAME] [--core NAME] [--kernels NAME ...]

Every kernel is linked alone in a network of one op: its ELF says which functions it brings and how
large they are, and a simulated run says how deep the stack gets.  Networks of several lengths give
the cost of a call.  `--check` measures nothing anew: it builds and runs random networks and prints
predicted against measured bytes.  `--kernels` measures these kernels alone and keeps the rest, for
when a kernel is new or has changed; `--network` the network's own functions alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from elftools.elf.elffile import ELFFile

from benchmarks.code_size_networks import chain, one_op_graphs, plan_stream, samples
from benchmarks.kernel_shapes import forced
from tinynas.build import Toolchain, build_firmware, firmware_files, toolchains
from tinynas.cost import code, memory_cost
from tinynas.cost.forms import needs_general_form
from tinynas.devices import Budget, Device, load_device
from tinynas.emit import emit
from tinynas.emit.vectors import Vectors
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.reference import run
from tinynas.schedule import Schedule, patch_points, plan_layer, plan_patch
from tinynas.schedule.kernels import Kernel
from tinynas.simulate import simulate

TARGET = Path(code.__file__).with_name("code_sizes.json")
DEVICES = ("stm32f411xe", "stm32f746xg", "stm32f103xe", "stm32l552xe", "stm32g0b1xe")
"""One for every core of the catalogue."""
BUDGET = Budget(1 << 30, 1 << 30)
PREFIX = "net"
OWN = ("init", "input", "output", "run", "push_rows", "rows_left")
VECTORS = 16


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare predictions with builds")
    parser.add_argument("--compiler", help="this one alone")
    parser.add_argument("--core", help="this one alone")
    parser.add_argument("--kernels", nargs="+", type=Kernel, metavar="NAME", help="these alone")
    parser.add_argument("--network", action="store_true", help="the network's functions alone")
    arguments = parser.parse_args()
    if arguments.check:
        return check()
    table = json.loads(TARGET.read_text()) if TARGET.is_file() else {}
    for toolchain in toolchains():
        if arguments.compiler not in (None, toolchain.name):
            continue
        entry = table.setdefault(toolchain.name, {"cores": {}})
        entry["version"] = toolchain.version
        for device in map(load_device, DEVICES):
            if arguments.core not in (None, device.core):
                continue
            print(f"{toolchain.label}, {device.core}", file=sys.stderr)
            known = entry["cores"].get(device.core)
            if arguments.network and known:
                measured = measure_network(device, toolchain)
                functions = known["functions"] | measured.functions
                known |= {"functions": dict(sorted(functions.items())), **measured.to_json()}
            elif arguments.kernels and known:
                entry["cores"][device.core] = remeasured(
                    known, arguments.kernels, device, toolchain
                )
            else:
                if not known:
                    entry["cores"][device.core] = blank(device.core, toolchain).to_json()
                    save(table)
                entry["cores"][device.core] = measure(device, toolchain).to_json()
            save(table)
    return 0


def remeasured(
    known: dict[str, Any], kernels: list[Kernel], device: Device, toolchain: Toolchain
) -> dict[str, Any]:
    """A core's entry with some kernels measured anew."""
    for kernel in kernels:
        # The generator asks for the size of a new one before there is any.
        known["kernels"].setdefault(kernel.value, [])
        known["stacks"].setdefault(kernel.value, 0)
        code._measured()[toolchain.name, device.core] = code._parse(
            toolchain.name, device.core, known
        )
    for kernel in kernels:
        found = measure_kernel(kernel, device, toolchain)
        known["functions"] = dict(sorted((known["functions"] | found.functions).items()))
        known["kernels"][kernel.value] = sorted(found.functions)
        known["stacks"][kernel.value] = found.stack
        known["general_stacks"].pop(kernel.value, None)
        if found.general_stack > found.stack:
            known["general_stacks"][kernel.value] = found.general_stack
    return known


def save(table: dict[str, Any]) -> None:
    TARGET.write_text(json.dumps(table, indent=2) + "\n")
    code._measured.cache_clear()


def blank(core: str, toolchain: Toolchain) -> code.CodeSizes:
    """Sizes of nothing: the generator asks for some before any can be measured."""
    names = ("base", "layer_call", "patch", "patch_call", "stream", "stage", "stream_call", "fed")
    nothing = dict.fromkeys(names, 0)
    kernels: dict[Kernel, tuple[str, ...]] = dict.fromkeys(Kernel, ())
    return code.CodeSizes(
        toolchain.name, core, {}, kernels, dict.fromkeys(Kernel, 0), {}, nothing, 0, 0, 0
    )


@dataclass(frozen=True)
class Built:
    """What a linked and executed network is made of (bytes); functions without their prefix."""

    functions: dict[str, int]
    code: int
    constants: int
    static: int
    stack: int

    @property
    def own(self) -> int:
        """Code of the network's own functions."""
        return sum(size for name, size in self.functions.items() if is_own(name))


def is_own(function: str) -> bool:
    return function in OWN or function.startswith(("run_tile", "run_rows"))


def measure(device: Device, toolchain: Toolchain) -> code.CodeSizes:
    functions: dict[str, int] = {}
    kernels: dict[Kernel, tuple[str, ...]] = {}
    stacks: dict[Kernel, int] = {}
    general_stacks: dict[Kernel, int] = {}
    for kernel in Kernel:
        found = measure_kernel(kernel, device, toolchain)
        functions |= found.functions
        kernels[kernel] = tuple(sorted(found.functions))
        stacks[kernel] = found.stack
        if found.general_stack > found.stack:
            general_stacks[kernel] = found.general_stack
    own = measure_network(device, toolchain)
    return code.CodeSizes(
        toolchain.name,
        device.core,
        functions | own.functions,
        kernels,
        stacks,
        general_stacks,
        own.network,
        own.static,
        own.patch_stack,
        own.stream_stack,
    )


@dataclass(frozen=True)
class MeasuredNetwork:
    """Bytes of the network's own functions, of what only they call, and of their stack."""

    functions: dict[str, int]
    network: dict[str, int]
    static: int
    patch_stack: int
    stream_stack: int

    def to_json(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "static": self.static,
            "patch_stack": self.patch_stack,
            "stream_stack": self.stream_stack,
        }


def measure_network(device: Device, toolchain: Toolchain) -> MeasuredNetwork:
    """From chains of two lengths: depthwise ones, which are a stage each, and pointwise ones, which
    are one stage together."""

    def built(graph: Graph, schedule: Schedule) -> Built:
        return build(graph, schedule, device, toolchain)

    few, many = chain(4), chain(24)
    layer_few, layer_many = (built(g, plan_layer(g)) for g in (few, many))
    patch_few = built(few, plan_patch(few, len(few.ops), (2, 2)))
    stream_few, stream_many = (built(g, plan_stream(g)) for g in (few, many))
    one_few, one_many = (
        built(g, plan_stream(g)) for g in (chain(n, Kernel.POINTWISE) for n in (4, 24))
    )
    fed = built(few, plan_stream(few, fed=True))
    layer_call = (layer_many.own - layer_few.own) / 20
    # A chain's descriptors are near each other, see `patch_line`; a call by layer is all there is.
    stream_call = max((one_many.own - one_few.own) / 20, layer_call)
    stage = max((stream_many.own - stream_few.own) / 20 - stream_call, 0)
    base = round(layer_few.own - 4 * layer_call)
    patch, patch_call = patch_line(built, base, layer_call)
    network = {
        "base": base,
        "layer_call": round(layer_call),
        "patch": round(patch),
        "patch_call": round(patch_call),
        "stream": round(stream_few.own - 4 * (stream_call + stage)) - base,
        "stage": round(stage),
        "stream_call": round(stream_call),
        "fed": fed.own - stream_few.own,
    }
    functions = {n: size for n, size in fed.functions.items() if not is_own(n)}
    of_stages = 2 * len(few.ops)
    return MeasuredNetwork(
        {n: size for n, size in functions.items() if n not in layer_few.functions},
        network,
        layer_few.static,
        max(patch_few.stack - layer_few.stack, *patch_stacks(built), 0),
        max(stream_few.stack - layer_few.stack - of_stages, 0),
    )


def patch_stacks(built: Callable[[Graph, Schedule], Built]) -> list[int]:
    """What the loop over tiles adds to the stack of a network of many ops."""
    graph = of_patches(3, 20)
    ops = patch_points(graph)[-1]
    tiled, whole = built(graph, plan_patch(graph, ops, (2, 2))), built(graph, plan_layer(graph))
    return [tiled.stack - whole.stack]


def of_patches(seed: int, blocks: int) -> Graph:
    """A network with weights that do not lie near each other."""
    options = RandomGraphOptions(
        min_size=12, max_size=12, max_channels=64, blocks=(blocks, blocks), classifier=False
    )
    return random_graph(np.random.default_rng(seed), options)


def patch_line(
    built: Callable[[Graph, Schedule], Built], base: int, layer_call: float
) -> tuple[float, float]:
    """Bytes of a patch segment and of each of its ops: the line through two unlike networks.

    Small weights will not do: clang steps from one descriptor to the next where they are near,
    which takes less code than loading their addresses.
    """
    points = []
    for seed, blocks in ((2, 2), (3, 20)):
        graph = of_patches(seed, blocks)
        ops = patch_points(graph)[-1]
        rest = base + layer_call * (len(graph.ops) - ops)
        points.append((ops, built(graph, plan_patch(graph, ops, (1, 2))).own - rest))
    (few, small), (many, large) = points
    call = (large - small) / (many - few)
    return small - few * call, call


@dataclass(frozen=True)
class MeasuredKernel:
    """Bytes of the functions that a kernel links, and of its stack in both forms."""

    functions: dict[str, int]
    stack: int
    general_stack: int


def measure_kernel(kernel: Kernel, device: Device, toolchain: Toolchain) -> MeasuredKernel:
    functions: dict[str, int] = {}
    stacks: dict[bool, list[int]] = {False: [0], True: [0]}
    for graph in one_op_graphs(kernel):
        schedule = forced(graph, plan_layer(graph), {kernel})
        single = build(graph, schedule, device, toolchain)
        functions |= {n: size for n, size in single.functions.items() if not is_own(n)}
        stacks[needs_general_form(graph, graph.ops[0], kernel)].append(single.stack)
    return MeasuredKernel(functions, max(stacks[False]), max(stacks[True]))


def build(graph: Graph, schedule: Schedule, device: Device, toolchain: Toolchain) -> Built:
    """Links a network's firmware and runs it, on the simulator that is always there."""
    rng = np.random.default_rng(0)
    shape = (VECTORS, *graph.tensors[graph.inputs[0]].shape[1:])
    inputs = rng.integers(-128, 128, shape, dtype=np.int8)
    outputs = run(graph, {graph.inputs[0]: inputs})[graph.outputs[0]].astype(np.int8)
    harness = firmware_files(
        device,
        name=PREFIX,
        vector_bytes=inputs.nbytes + outputs.nbytes,
        library_flash_bytes=2 * graph.constant_bytes,
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle = emit(
            graph,
            schedule,
            device,
            Path(folder) / "bundle",
            vectors=Vectors(inputs, outputs),
            budget=BUDGET,
            name=PREFIX,
            extra_files={f"firmware/{name}": text for name, text in harness.items()},
        )
        firmware = build_firmware(bundle.path, device, toolchain, Path(folder) / "build")
        result = simulate(firmware, simulator="unicorn")
        assert np.array_equal(result.outputs.reshape(-1), outputs.reshape(-1).view(np.uint8))
        return Built(
            functions_of(firmware.elf),
            firmware.code_bytes,
            firmware.constant_bytes,
            firmware.static_bytes,
            result.stack_bytes,
        )


def functions_of(elf_path: Path) -> dict[str, int]:
    """Name (without the network's prefix) to bytes, in whole words, of the library's functions.

    Routines of the compiler's have several names each; the one that compiled code calls counts.
    """
    found: dict[int, tuple[int, str]] = {}
    with elf_path.open("rb") as stream:
        elf = ELFFile(stream)
        section = elf.get_section_index(".library_code")
        table: Any = elf.get_section_by_name(".symtab")
        for symbol in table.iter_symbols():
            if symbol["st_shndx"] == section and symbol["st_info"]["type"] == "STT_FUNC":
                at, name = symbol["st_value"], symbol.name.removeprefix(f"{PREFIX}_")
                size, known = found.get(at, (0, name))
                chosen = name if name.startswith("__aeabi_") else known
                found[at] = max(size, -(-symbol["st_size"] // 4) * 4), chosen
    return {name: size for size, name in found.values()}


def check() -> int:
    """Predicted against linked and measured bytes, on random networks by layer and by patch."""
    print("compiler            core        ops schedule  code            stack           constants")
    worst = 0.0
    for toolchain in toolchains():
        for device in map(load_device, DEVICES):
            for graph, schedule in samples():
                found = build(graph, schedule, device, toolchain)
                cost = memory_cost(graph, schedule, device.core, toolchain.name)
                assert cost.constant_bytes == found.constants, (cost, found)
                assert cost.static_bytes == found.static
                pairs = ((cost.code_bytes, found.code), (cost.stack_bytes, found.stack))
                worst = max(worst, *(abs(p - m) / max(64, 0.02 * m) for p, m in pairs))
                texts = [f"{p:6} {m:6} {p - m:+4}" for p, m in pairs]
                kind = "fed" if schedule.fed_by_rows else schedule.segments[0].kind.value
                line = f"{toolchain.name:19} {device.core:11} {len(graph.ops):3} {kind:8}"
                print(f"{line}  {texts[0]}  {texts[1]}  {found.constants}")
    print(f"largest deviation: {worst:.0%} of what is allowed (64 bytes or 2%)")
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
