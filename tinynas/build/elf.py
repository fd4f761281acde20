"""What an ELF file says of itself: section sizes, symbols, marks, segments to load."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

RUN_BEGINS, RUN_ENDS, SERVES = -1, -2, -3
"""Numbers of the harness's own marks, as `firmware/marks.h` has them."""


@dataclass(frozen=True)
class ElfImage:
    """sections: allocated ones, name to bytes.  segments: (physical address, bytes) to load.

    symbols: name to address (the Thumb bit cleared).  marks: address to the number marked there.
    """

    entry: int
    sections: dict[str, int]
    segments: tuple[tuple[int, bytes], ...]
    symbols: dict[str, int]
    marks: dict[int, int]

    def symbol_at(self, address: int) -> str:
        """`name+0x12` of the last symbol at or before an address, for messages."""
        before = [(a, n) for n, a in self.symbols.items() if a <= address and not n.startswith("$")]
        if not before:
            return f"{address:#010x}"
        start, name = max(before)
        return f"{address:#010x} ({name}+{address - start:#x})"


def read_elf(path: Path) -> ElfImage:
    """Reads a linked little-endian 32-bit ELF file."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        allocated = [s for s in elf.iter_sections() if s["sh_flags"] & 2]
        table: Any = elf.get_section_by_name(".symtab")
        marks = elf.get_section_by_name(".tinynas_marks")
        return ElfImage(
            entry=int(elf.header["e_entry"]),
            sections={s.name: int(s["sh_size"]) for s in allocated},
            segments=tuple(
                (int(s["p_paddr"]), bytes(s.data()))
                for s in elf.iter_segments()
                if s["p_type"] == "PT_LOAD" and s["p_filesz"]
            ),
            symbols={s.name: _address(s) for s in table.iter_symbols() if s.name},
            marks=dict(struct.iter_unpack("<Ii", marks.data())) if marks is not None else {},
        )


def _address(symbol: Any) -> int:
    thumb = symbol["st_info"]["type"] == "STT_FUNC"
    return int(symbol["st_value"]) & (~1 if thumb else ~0)
