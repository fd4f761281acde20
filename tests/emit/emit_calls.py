"""Convolution kernels called one by one on a simulated core: built once, run on many shapes.

Where a bundle's firmware takes seconds to build, a call here takes milliseconds, and what runs is
the assembly.
"""

from __future__ import annotations

import struct
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from elftools.elf.elffile import ELFFile
from numpy.typing import NDArray
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M4,
)

from tinynas.build import Toolchain
from tinynas.build.toolchain import CODE_FLAGS
from tinynas.devices import load_device
from tinynas.emit.operators import operator_of, sources_of
from tinynas.graph.ir import Graph
from tinynas.graph.reference import run
from tinynas.schedule import Schedule
from tinynas.schedule.kernels import Kernel, scratch_name

CODE, CONSTANTS, OPERATOR, ARENA, STACK, END = (n << 24 for n in (8, 16, 24, 32, 40, 48))
REGION_BYTES = 1 << 20
GUARD_BYTES = 64
SCRIPT = """
SECTIONS {{
  . = {code};
  .text : {{ *(.text*) *(.rodata*) }}
  /DISCARD/ : {{ *(.ARM.exidx*) *(.comment) }}
}}
"""


class Core:
    """A Cortex-M4 with the code of one kernel."""

    def __init__(self, kernel: Kernel, toolchain: Toolchain, folder: Path) -> None:
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        for base in (CODE, CONSTANTS, OPERATOR, ARENA, STACK, END):
            self.uc.mem_map(base, REGION_BYTES)
        with _built(kernel, toolchain, folder).open("rb") as stream:
            elf = ELFFile(stream)
            for segment in elf.iter_segments("PT_LOAD"):
                self.uc.mem_write(segment["p_vaddr"], segment.data())
            symbols: Any = elf.get_section_by_name(".symtab")
            (symbol,) = symbols.get_symbol_by_name(f"tinynas_{kernel.value}")
            self.entry = symbol["st_value"] | 1

    def check(self, graph: Graph, schedule: Schedule, seed: int) -> NDArray[np.int8]:
        """Runs a network's only op on a random input; compares output and untouched memory.

        Returns the arena as it is then.

        Raises:
            AssertionError: a byte is wrong.
        """
        (op,) = graph.ops
        operator = operator_of(graph, schedule, 0)
        assert operator.constants is not None
        rng = np.random.default_rng(seed)
        x = rng.integers(-128, 128, graph.tensors["x"].shape, dtype=np.int8)
        expected = run(graph, {"x": x})[op.outputs[0]].astype(np.int8).reshape(-1)
        source, out = (schedule.buffer_of(name) for name in (op.inputs[0], op.outputs[0]))
        arena = rng.integers(-128, 128, schedule.arena_bytes + GUARD_BYTES, dtype=np.int8)
        arena[source.offset : source.end] = x.reshape(-1)
        self.uc.mem_write(CONSTANTS, operator.constants.tobytes())
        self.uc.mem_write(OPERATOR, _packed(operator.members))
        self.uc.mem_write(ARENA, arena.tobytes())
        self._call(OPERATOR, ARENA, 0)
        after = np.frombuffer(self.uc.mem_read(ARENA, len(arena)), np.int8)
        np.testing.assert_array_equal(after[out.offset : out.end], expected, err_msg=str(op))
        mine = np.zeros(len(arena), dtype=bool)
        for buffer in schedule.buffers:
            if buffer.name in (out.name, scratch_name(op)):
                mine[buffer.offset : buffer.end] = True
        np.testing.assert_array_equal(after[~mine], arena[~mine], err_msg=str(op))
        return after

    def _call(self, *arguments: int) -> None:
        registers = (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2)
        for register, value in zip(registers, arguments, strict=True):
            self.uc.reg_write(register, value)
        top = STACK + REGION_BYTES
        self.uc.reg_write(UC_ARM_REG_SP, top)
        self.uc.reg_write(UC_ARM_REG_LR, END | 1)
        self.uc.emu_start(self.entry, END)
        assert self.uc.reg_read(UC_ARM_REG_PC) == END
        assert self.uc.reg_read(UC_ARM_REG_SP) == top


def _built(kernel: Kernel, toolchain: Toolchain, folder: Path) -> Path:
    """The ELF of a kernel, under its names in this package."""
    home = Path(str(files("tinynas.emit") / "kernels"))
    elf, script = folder / f"{kernel.value}-{toolchain.name}.elf", folder / "link.ld"
    script.write_text(SCRIPT.format(code=CODE))
    sources = [str(home / name) for name in sources_of({kernel}) if not name.endswith(".h")]
    entry = f"tinynas_{kernel.value}"
    command = [
        *toolchain.command,
        *toolchain.core_flags(load_device("stm32f405xg")),
        *CODE_FLAGS,
        *toolchain.link_flags,
        *("-I", str(home), "-T", str(script), f"-Wl,-e,{entry}", "-o", str(elf)),
        *sources,
        *toolchain.link_libraries,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return elf


def _packed(members: dict[str, Any]) -> bytes:
    """`tinynas_conv_op` as it lies in memory."""
    numbers = [members.get(n, 0) for n in ("minimum", "maximum", "shift", "form")]
    window = [members[n] for n in ("window", "kernel_rows", "kernel_columns")]
    steps = [members[n] for n in ("stride_rows", "stride_columns", "padding_top", "padding_left")]
    tensors = b"".join(
        struct.pack("<2I4H2h", *(tensor[n] for n in _TENSOR))
        for tensor in (members["input"], members["output"])
    )
    rest = struct.pack("<2IH6B2b2B", CONSTANTS, members["scratch"], *window, *steps, *numbers)
    return tensors + rest


_TENSOR = ("offset", "row_bytes", "rows", "columns", "channels", "ring", "span", "zero_point")
