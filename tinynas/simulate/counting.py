"""Counting instructions in Unicorn: blocks entered times the Thumb instructions in them.

Unicorn's per-instruction hook skips predicated-off instructions and is slow; the block hook agrees
with QEMU's instruction counter.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from unicorn import UC_HOOK_BLOCK, UC_HOOK_CODE, Uc

from tinynas.build import RUN_BEGINS, RUN_ENDS
from tinynas.simulate.model import Counts

_SIZE_BITS = 16


class Counter:
    """Counts the first run of the network in `uc`, and stops the emulation where it ends."""

    def __init__(self, uc: Uc, marks: dict[int, int]) -> None:
        self.uc, self.marks = uc, marks
        self.finished = False
        self._op: int | None = None
        self._blocks: dict[int | None, defaultdict[int, int]] = {None: defaultdict(int)}
        self._now = self._blocks[None]
        self._last = 0
        self._carried: dict[int | None, int] = defaultdict(int)
        uc.hook_add(UC_HOOK_BLOCK, self._on_block)
        for address in marks:
            uc.hook_add(UC_HOOK_CODE, self._on_mark, begin=address, end=address)

    def _on_block(self, _uc: Uc, address: int, size: int, _data: Any) -> None:
        self._last = key = address << _SIZE_BITS | size
        self._now[key] += 1

    def _on_mark(self, uc: Uc, address: int, _size: int, _data: Any) -> None:
        number = self.marks[address]
        if self.finished or (self._op is None and number != RUN_BEGINS):
            return
        # The block that the mark lies in was counted whole where it began: carry its rest over.
        end = (self._last >> _SIZE_BITS) + (self._last & (1 << _SIZE_BITS) - 1)
        rest = self._instructions(address, end - address)
        self._carried[self._op] -= rest
        if number == RUN_ENDS:
            self.finished = True
            uc.emu_stop()
            return
        self._op = number
        self._carried[number] += rest
        self._now = self._blocks.setdefault(number, defaultdict(int))

    def counts(self) -> Counts | None:
        """None where no run ended."""
        if not self.finished:
            return None
        of = {op: self._total(op) for op in self._blocks if op is not None}
        return Counts(sum(of.values()), {op: n for op, n in sorted(of.items()) if op >= 0})

    def _total(self, op: int) -> int:
        counted = sum(
            times * self._instructions(key >> _SIZE_BITS, key & (1 << _SIZE_BITS) - 1)
            for key, times in self._blocks[op].items()
        )
        return counted + self._carried[op]

    def _instructions(self, address: int, size: int) -> int:
        """Thumb instructions in a stretch of code: 4 bytes where bits 15-11 are 29, 30 or 31."""
        code, at, number = bytes(self.uc.mem_read(address, size)), 0, 0
        while at < size:
            at += 4 if code[at + 1] >> 3 >= 0x1D else 2
            number += 1
        return number
