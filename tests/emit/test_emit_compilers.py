"""The library on ARM compilers: no warning, no data, no library, and constants as predicted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from emit_batch import FACTS, WARNINGS
from emit_graphs import depthwise

from tinynas.cost.layout import constant_bytes, segment_bytes
from tinynas.emit.sources import library_files
from tinynas.graph.ir import Graph, Window
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.schedule import Schedule, patch_points, plan_layer, plan_patch

_FLAGS = ["-O3", "-ffunction-sections", "-fdata-sections", "-ffreestanding", "-c", "-I../include"]
_GCC = ["-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
_ZIG = [sys.executable, "-m", "ziglang", "cc", "-fno-unwind-tables", "-target"]

COMPILERS = {
    "gcc cortex-m4": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", *_GCC],
    "gcc cortex-m7": ["arm-none-eabi-gcc", "-mcpu=cortex-m7", *_GCC],
    "gcc cortex-m33": [
        *("arm-none-eabi-gcc", "-mcpu=cortex-m33", "-mthumb"),
        *("-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
    ],
    "gcc cortex-m0plus": [
        "arm-none-eabi-gcc",
        "-mcpu=cortex-m0plus",
        "-mthumb",
        "-fno-jump-tables",
    ],
    "gcc cortex-m3": ["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb"],
    "clang cortex-m0plus": [*_ZIG, "thumb-freestanding-eabi", "-mcpu=cortex_m0plus"],
    "clang cortex-m33": [*_ZIG, "thumb-freestanding-eabihf", "-mcpu=cortex_m33+fp_armv8d16sp+dsp"],
    "clang cortex-m4": [*_ZIG, "thumb-freestanding-eabihf", "-mcpu=cortex_m4"],
}


_UNWINDING = {"__aeabi_unwind_cpp_pr0", "__aeabi_unwind_cpp_pr1"}
_DIVISION = {
    "__aeabi_idiv",
    "__aeabi_idivmod",
    "__aeabi_lmul",
    "__aeabi_uidiv",
    "__aeabi_llsl",
    "__aeabi_lasr",
}
"""What a Cortex-M0+ lacks and takes from the compiler's own library."""


@dataclass(frozen=True)
class Linked:
    """Bytes of sections of all objects by kind, and what they need from elsewhere."""

    constants: int
    data: int
    undefined: set[str]


def _compile(name: str, graph: Graph, schedule: Schedule, folder: Path) -> Linked:
    compiler = COMPILERS[name]
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not installed")
    for path, text in library_files(graph, schedule, FACTS).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    constants, data = 0, 0
    defined: set[str] = set()
    undefined: set[str] = set()
    for source in sorted((folder / "src").glob("*.[cS]")):
        command = [*compiler, *WARNINGS, *_FLAGS, source.name, "-o", f"{source.name}.o"]
        done = subprocess.run(
            command, cwd=source.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        with source.with_name(f"{source.name}.o").open("rb") as file:
            elf = ELFFile(file)
            for section in elf.iter_sections():
                if section.name.startswith(".rodata"):
                    assert section["sh_size"] % 4 == 0, f"{source.name} {section.name}"
                    constants += section["sh_size"]
                elif section.name.startswith((".data", ".bss")):
                    data += section["sh_size"]
            symbols = elf.get_section_by_name(".symtab")
            assert isinstance(symbols, SymbolTableSection)
            for symbol in symbols.iter_symbols():
                outside = symbol["st_shndx"] == "SHN_UNDEF"
                (undefined if outside else defined).add(symbol.name)
    return Linked(constants, data, undefined - defined - {""})


def _network(seed: int) -> Graph:
    options = RandomGraphOptions(min_size=10, max_size=16, blocks=(3, 3), classifier=True)
    return random_graph(np.random.default_rng(seed), options)


def _predicted(graph: Graph, schedule: Schedule) -> int:
    operators = sum(constant_bytes(graph, op).total for op in graph.ops)
    return operators + sum(segment_bytes(graph, segment) for segment in schedule.segments)


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_kernel_compiles_cleanly(compiler: str, tmp_path: Path) -> None:
    graph = _network(2)
    for n, schedule in enumerate((plan_layer(graph), _patched(graph))):
        linked = _compile(compiler, graph, schedule, tmp_path / str(n))
        assert linked.data == 0
        runtime = _DIVISION if "cortex-m0plus" in compiler else set()
        assert linked.undefined <= runtime | _UNWINDING
        assert linked.constants == _predicted(graph, schedule)


def test_constants_of_all_shapes_are_predicted_to_the_byte(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    graphs = [_network(seed) for seed in range(3, 7)]
    graphs += [depthwise(rng, (5, 5, c), Window((3, 3)), m) for c, m in ((1, 1), (7, 1), (3, 2))]
    for n, graph in enumerate(graphs):
        schedule = plan_layer(graph)
        linked = _compile("gcc cortex-m4", graph, schedule, tmp_path / str(n))
        assert linked.constants == _predicted(graph, schedule)


def _patched(graph: Graph) -> Schedule:
    return plan_patch(graph, patch_points(graph)[-1], (2, 2))
