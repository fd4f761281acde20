"""Cycles an instruction of the kernels on a core, from counted instructions and published timings.

A network runs in Unicorn with every executed address counted; the disassembly of its library says
which instruction lies there.  Used by `benchmarks.kernel_costs`.

Cortex-M4: the table of its technical reference manual (r0p1, 3.3.1), memories without wait states:
a load 2 cycles, or 1 right behind another single load or store, LDM and LDRD 1 + N, a store 1,
multiply-accumulates 1, a taken branch 3, a division 7.  Cortex-M7: its manual has no such table;
what is assumed is that memory accesses take 64 bits a cycle and go alone, that of the rest two are
issued a cycle but one multiply at most, that a taken branch adds 1 and a division 7.

Cortex-M3: the table of its manual (r2p1, 3.3.1), which is that of the M4 but for multiplications:
MLA and MLS 2, those with a long result 4 of 3 to 5, with a long sum 5 of 4 to 7.  Cortex-M0+: the
table of its manual (r0p1, 3.3) with the multiplier of one cycle: loads and stores 2, LDM, STM, PUSH
and POP 1 + N, POP of the program counter 3 + N, a taken branch 2, BL 3, all others 1.
Cortex-M33: its manual has no such table, and nothing is assumed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from unicorn import UC_HOOK_CODE

from benchmarks.kernel_shapes import firmware_of
from tinynas.build import Firmware, find_toolchain
from tinynas.devices import Device, MemoryKind, load_device
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule
from tinynas.simulate.unicorn_cpu import Emulation

_TIME_LIMIT_S = 300
_DIVISION = 7
_PARTS = {"cortex-m0plus": "stm32g0b1xe", "cortex-m3": "stm32f103xe", "cortex-m7": "stm32f746xg"}
_LINE = re.compile(r"^\s*([0-9a-f]+):\t[0-9a-f ]+\t(\S+)\s*([^@;]*)")
_MULTIPLY = re.compile(r"^(smla|smmla|smmul|smul|smlad|smuad|mla|mls|mul|umull|smull|umlal|smlal)")
_SINGLE = re.compile(r"^(ldr|str)(b|h|sb|sh)?(\.w|\.n|t)?$")


def cycles_of(graph: Graph, schedule: Schedule, core: str) -> dict[str, float]:
    """Cycles an instruction of the network's library, by core: of all with the DSP extension, or
    of the one core without."""
    device = measured_on(core)
    with tempfile.TemporaryDirectory() as folder:
        firmware, x, _ = firmware_of(graph, schedule, device, find_toolchain(), Path(folder))
        code = executed(firmware, x.tobytes(), Path(folder))
    total = sum(count for _, _, count in code)
    match core:
        case "cortex-m0plus":
            return {core: round(_small(code) / total, 3)}
        case "cortex-m3":
            return {core: round((_cycles(code)[0] + _long_products(code)) / total, 3)}
        case _:
            m4, m7 = _cycles(code)
            return {"cortex-m4": round(m4 / total, 3), "cortex-m7": round(m7 / total, 3)}


def executed(firmware: Firmware, x: bytes, folder: Path) -> list[tuple[str, str, int]]:
    """Mnemonic, operands and executions of every instruction of the library, by address."""
    counts: Counter[int] = Counter()
    emulation = Emulation(firmware, [x], folder / "log")

    def count(_uc: object, address: int, _size: int, _data: object) -> None:
        counts[address] += 1

    with firmware.elf.open("rb") as stream:
        section: Any = ELFFile(stream).get_section_by_name(".library_code")
        begin, size = section["sh_addr"], section["sh_size"]
    emulation.uc.hook_add(UC_HOOK_CODE, count, begin=begin, end=begin + size - 1)
    emulation.run(time.monotonic() + _TIME_LIMIT_S, _TIME_LIMIT_S, lambda: False)
    objdump = shutil.which("arm-none-eabi-objdump")
    if objdump is None:
        raise SystemExit("arm-none-eabi-objdump is needed")
    text = subprocess.run(
        [objdump, "-d", "-j", ".library_code", str(firmware.elf)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = []
    for match in filter(None, map(_LINE.match, text.splitlines())):
        address, mnemonic, operands = int(match[1], 16), match[2], match[3].strip()
        found.append((mnemonic, operands, counts[address]))
    return found


def measured_on(core: str) -> Device:
    """The part whose code is counted for a core, with memory for any benchmark."""
    part = load_device(_PARTS[core])
    regions = tuple(replace(r, bytes=4 << 20) for r in map(part.largest, MemoryKind))
    return replace(part, regions=regions)


def _small(code: list[tuple[str, str, int]]) -> float:
    """Cycles of a Cortex-M0+."""
    cycles = 0.0
    for number, (mnemonic, operands, count) in enumerate(code):
        after = code[number + 1][2] if number + 1 < len(code) else count
        words, taken = _words(mnemonic, operands), _taken(mnemonic, operands, count, after)
        cycles += count * (1 + words) + taken * (2 if mnemonic in ("bl", "pop") else 1)
    return cycles


def _long_products(code: list[tuple[str, str, int]]) -> float:
    """What multiplications of a Cortex-M3 take beyond a cycle."""
    extra = {"mla": 1, "mls": 1, "umull": 3, "smull": 3, "umlal": 4, "smlal": 4}
    return float(sum(count * extra.get(mnemonic.split(".")[0], 0) for mnemonic, _, count in code))


def _cycles(code: list[tuple[str, str, int]]) -> tuple[float, float]:
    """Cycles of a Cortex-M4 and of an M7."""
    total, m4 = 0, 0.0
    multiplies = memory = accesses = extra = 0.0
    before = ""
    for number, (mnemonic, operands, count) in enumerate(code):
        after = code[number + 1][2] if number + 1 < len(code) else count
        words = _words(mnemonic, operands)
        taken = _taken(mnemonic, operands, count, after)
        divides = _DIVISION * count if mnemonic.startswith(("udiv", "sdiv")) else 0
        total += count
        single = _SINGLE.match(mnemonic) is not None
        load = mnemonic.startswith(("ldr", "ldm", "pop"))
        cost = 1 + words if words > 1 else 2 if load and not (single and before) else 1
        m4 += cost * count + 2 * taken + max(0, divides - count)
        multiplies += count if _MULTIPLY.match(mnemonic) else 0
        memory += count * -(-words // 2)
        accesses += count if words else 0
        extra += taken + divides
        before = mnemonic if single else ""
    return m4, memory + max(multiplies, (total - accesses) / 2) + extra


def _words(mnemonic: str, operands: str) -> int:
    """Words that an instruction moves to or from memory."""
    if mnemonic.startswith(("ldrd", "strd")):
        return 2
    if mnemonic.startswith(("ldm", "stm", "push", "pop")):
        listed = operands[operands.index("{") + 1 : operands.index("}")].split(",")
        return sum(_length(part.strip()) for part in listed)
    return 1 if mnemonic.startswith(("ldr", "str")) else 0


def _length(part: str) -> int:
    if "-" not in part:
        return 1
    numbers = {"sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}
    first, last = (numbers.get(r) or int(r.removeprefix("r")) for r in part.split("-"))
    return last - first + 1


def _taken(mnemonic: str, operands: str, count: int, after: int) -> int:
    """How often a branch was taken; `after` are the executions of what lies behind it."""
    name = mnemonic.removesuffix(".n").removesuffix(".w")
    if name in ("b", "bl", "bx", "blx", "tbb", "tbh"):
        return count
    if name.startswith(("ldr", "ldm", "pop")) and "pc" in operands and "[pc" not in operands:
        return count
    conditional = name.startswith("cb") or (len(name) == 3 and name[0] == "b" and name != "bic")
    return max(0, count - after) if conditional else 0
