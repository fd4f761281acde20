"""Measures many kernels in one firmware: `python -m benchmarks.code_sizes_together KERNEL ...`.

Writes into `tinynas/cost/code_sizes.json` what `benchmarks.code_sizes --kernels` would, for the
kernels of convolutions, in a fraction of its time: one network has a layer for every kernel in
either form of requantisation.  Function sizes are read from the linked ELF, which functions a
kernel brings from the relocations of the object files, and how deep the stack gets from the writes
of every layer.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from unicorn import UC_HOOK_CODE, UC_HOOK_MEM_WRITE
from unicorn.arm_const import UC_ARM_REG_SP

from benchmarks.code_size_networks import short_layers
from benchmarks.code_sizes import DEVICES, PREFIX, TARGET, functions_of, is_own, save
from benchmarks.kernel_shapes import Layer, firmware_of, network_of_layers
from tinynas.build import (
    RUN_BEGINS,
    RUN_ENDS,
    Firmware,
    Toolchain,
    toolchains,
)
from tinynas.cost import code
from tinynas.devices import Device, MemoryKind, load_device
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, plan_layer
from tinynas.schedule.kernels import BASE, SHORT_ALONE, Kernel
from tinynas.schedule.scratch import with_scratch
from tinynas.simulate.unicorn_cpu import Emulation

_TIME_LIMIT_S = 600
STACK_BYTES = 4096


def network(kernels: list[Kernel]) -> tuple[Graph, Schedule, list[tuple[Kernel, bool]]]:
    """Layers for these kernels, and which kernel in which form (True: the general one) each has."""
    layers, runs = [], []
    for kernel in kernels:
        base = BASE.get(kernel, kernel)
        for general in (False,) if kernel in SHORT_ALONE else (False, True):
            match base:
                case Kernel.CONV:
                    layers.append(Layer(3, 1, 8, general=general))
                case Kernel.POINTWISE:
                    layers.append(Layer(1, 1, 8, general=general))
                case _:
                    layers.append(replace(short_layers(kernel)[0], general=general))
            runs.append((kernel, general))
    graph = network_of_layers(7, 8, layers)
    variants = [(op.name, k.value) for op, (k, _) in zip(graph.ops, runs, strict=True) if k in BASE]
    schedule = replace(plan_layer(graph), variants=tuple(variants))
    return graph, with_scratch(graph, schedule), runs


def measured(
    kernels: list[Kernel], device: Device, toolchain: Toolchain
) -> tuple[dict[str, int], dict[Kernel, list[str]], dict[tuple[Kernel, bool], int]]:
    """Bytes of functions, the functions of each kernel, the stack of each kernel in each form."""
    graph, schedule, runs = network(kernels)
    with tempfile.TemporaryDirectory() as folder:
        firmware, x, y = firmware_of(graph, schedule, device, toolchain, Path(folder))
        sizes = {n: s for n, s in functions_of(firmware.elf).items() if not is_own(n)}
        calls = calls_of(sorted((Path(folder) / "build" / "library").glob("*.o")))
        depths = stacks(firmware, x, y, Path(folder))
    linked = {k: sorted(reached(k.value, calls) & set(sizes)) for k in kernels}
    return sizes, linked, {run: depths[i] for i, run in enumerate(runs)}


def calls_of(objects: list[Path]) -> dict[str, set[str]]:
    """For every function, without the network's prefix, those that it refers to."""
    calls: dict[str, set[str]] = defaultdict(set)
    for path in objects:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            for section in elf.iter_sections():
                if isinstance(section, RelocationSection):
                    caller = _plain(elf.get_section(section["sh_info"]).name)
                    symbols: Any = elf.get_section(section["sh_link"])
                    for relocation in section.iter_relocations():
                        symbol = symbols.get_symbol(relocation["r_info_sym"])
                        home = symbol["st_shndx"]
                        inside = isinstance(home, int) and not symbol.name
                        name = elf.get_section(home).name if inside else symbol.name
                        calls[caller].add(_plain(name))
    return calls


def _plain(name: str) -> str:
    return name.removeprefix(".text.").removeprefix(f"{PREFIX}_")


def reached(function: str, calls: dict[str, set[str]]) -> set[str]:
    found, waiting = set(), [function]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += calls.get(name, ())
    return found


def stacks(firmware: Firmware, x: Any, y: Any, folder: Path) -> dict[int, int]:
    """How deep below the call of the run function the stack gets in every layer."""
    emulation = Emulation(firmware, [x.tobytes()], folder / "log")
    state = {"op": RUN_ENDS, "top": 0}
    lowest: dict[int, int] = {}

    def on_mark(uc: Any, address: int, _size: int, _data: Any) -> None:
        number = firmware.image.marks[address]
        if number == RUN_BEGINS:
            state["top"] = uc.reg_read(UC_ARM_REG_SP)
        state["op"] = number

    def on_write(_uc: Any, _access: int, address: int, _size: int, _value: int, _d: Any) -> None:
        if state["op"] >= 0 and address < state["top"]:
            lowest[state["op"]] = min(lowest.get(state["op"], address), address)

    for address in firmware.image.marks:
        emulation.uc.hook_add(UC_HOOK_CODE, on_mark, begin=address, end=address)
    memory = firmware.device.largest(MemoryKind.SRAM)
    emulation.uc.hook_add(
        UC_HOOK_MEM_WRITE, on_write, begin=memory.end - STACK_BYTES, end=memory.end
    )
    emulation.run(time.monotonic() + _TIME_LIMIT_S, _TIME_LIMIT_S, lambda: False)
    sent = bytes(emulation.board.sent)
    if y.tobytes() not in sent:
        raise SystemExit("wrong bytes")
    return {op: state["top"] - address for op, address in lowest.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", nargs="+", type=Kernel)
    parser.add_argument("--compiler", help="this one alone")
    parser.add_argument("--core", help="this one alone")
    arguments = parser.parse_args()
    table = json.loads(TARGET.read_text())
    for toolchain in toolchains():
        for device in map(load_device, DEVICES):
            if arguments.compiler in (None, toolchain.name) and arguments.core in (
                None,
                device.core,
            ):
                _enter(table[toolchain.name]["cores"][device.core], arguments, toolchain, device)
                save(table)
    return 0


def _enter(known: dict[str, Any], arguments: Any, toolchain: Toolchain, device: Device) -> None:
    for kernel in arguments.kernels:
        # The generator asks for the size of a new one before there is any.
        known["kernels"].setdefault(kernel.value, [])
        known["stacks"].setdefault(kernel.value, 0)
    entry = code._parse(toolchain.name, device.core, known)
    code._measured()[toolchain.name, device.core] = entry
    sizes, linked, depths = measured(arguments.kernels, device, toolchain)
    known["functions"] = dict(sorted((known["functions"] | sizes).items()))
    for kernel in arguments.kernels:
        known["kernels"][kernel.value] = linked[kernel]
        known["stacks"][kernel.value] = short = depths[kernel, False]
        known["general_stacks"].pop(kernel.value, None)
        general = depths.get((kernel, True), 0)
        if general > short:
            known["general_stacks"][kernel.value] = general
    print(toolchain.label, device.core, depths, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
