"""Unicorn, the embedded default: the device's memory map, exact counts, no peripherals."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_CODE,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_MEM_FETCH_UNMAPPED,
    UC_MEM_READ_UNMAPPED,
    UC_MEM_WRITE_PROT,
    UC_MEM_WRITE_UNMAPPED,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    Uc,
    UcError,
)
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M0,
    UC_CPU_ARM_CORTEX_M3,
    UC_CPU_ARM_CORTEX_M4,
    UC_CPU_ARM_CORTEX_M7,
    UC_CPU_ARM_CORTEX_M33,
)

from tinynas.build import SERVES, Firmware
from tinynas.devices import Device, MemoryKind
from tinynas.errors import SimulationError
from tinynas.simulate.board import Board
from tinynas.simulate.counting import Counter
from tinynas.simulate.model import Execution
from tinynas.simulate.protocol import FLASH_COMMANDS, QUIT, RUN_FROM_MEMORY, pieces_of

_CPUS = {
    "cortex-m0plus": UC_CPU_ARM_CORTEX_M0,  # the same instructions
    "cortex-m3": UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": UC_CPU_ARM_CORTEX_M33,
}
_ACCESSES = {
    UC_MEM_READ_UNMAPPED: "read of unmapped",
    UC_MEM_WRITE_UNMAPPED: "write to unmapped",
    UC_MEM_FETCH_UNMAPPED: "execution at unmapped",
    UC_MEM_WRITE_PROT: "write to flash at",
}


class Unicorn:
    """Boots the firmware twice: once to count its first run, once to run it all, unhindered."""

    name = "unicorn"
    remedy = "python -m pip install unicorn"

    def found(self) -> str | None:
        return version("unicorn")

    def target(self, device: Device) -> Device | None:
        return device

    def execute(
        self,
        firmware: Firmware,
        inputs: Sequence[bytes] | None,
        *,
        workdir: Path,
        time_limit_s: float,
    ) -> Execution:
        deadline = time.monotonic() + time_limit_s
        log = workdir / "unicorn.log"
        log.write_text(f"{firmware.device.name}: {firmware.elf}\n")
        counted = Emulation(firmware, inputs, log)
        counter = Counter(counted.uc, firmware.image.marks)
        counted.run(deadline, time_limit_s, lambda: counter.finished)
        whole = Emulation(firmware, inputs, log)
        whole.run(deadline, time_limit_s, lambda: False)
        return Execution(bytes(whole.board.sent), counter.counts(), "Unicorn")


class Emulation:
    """One boot of the firmware."""

    def __init__(self, firmware: Firmware, inputs: Sequence[bytes] | None, log: Path) -> None:
        self.image, self.log = firmware.image, log
        device = firmware.device
        self.uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(_CPUS[device.core])
        self.board = Board(self.uc, device, FLASH_COMMANDS if inputs is None else b"")
        self._inputs = iter(inputs or ())
        if inputs is not None:
            for address in (a for a, n in self.image.marks.items() if n == SERVES):
                self.uc.hook_add(UC_HOOK_CODE, self._on_serves, begin=address, end=address)
        for address, data in self.image.segments:
            self.uc.mem_write(address, data)
        vectors = self.uc.mem_read(device.largest(MemoryKind.FLASH).address, 8)
        stack, self.entry = struct.unpack("<II", bytes(vectors))
        self.uc.reg_write(UC_ARM_REG_SP, stack)
        self._access: tuple[int, int] | None = None
        self.uc.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        self.uc.hook_add(UC_HOOK_INTR, self._on_exception)

    def _on_invalid(
        self, _uc: Uc, access: int, address: int, _size: int, _value: int, _data: Any
    ) -> bool:
        self._access = access, address
        return False

    def _on_serves(self, uc: Uc, _address: int, _size: int, _data: Any) -> None:
        data = next(self._inputs, None)
        if data is not None:
            rest = memoryview(data)
            for address, count in pieces_of(self._words, uc.reg_read(UC_ARM_REG_R0)):
                uc.mem_write(address, bytes(rest[:count]))
                rest = rest[count:]
        self.board.receive(QUIT if data is None else RUN_FROM_MEMORY)

    def _words(self, address: int) -> tuple[int, int]:
        first, second = struct.unpack("<II", bytes(self.uc.mem_read(address, 8)))
        return first, second

    def _on_exception(self, uc: Uc, number: int, _data: Any) -> None:
        self.board.problem = self.board.problem or f"the firmware raised exception {number}"
        uc.emu_stop()

    def run(self, deadline: float, time_limit_s: float, stopped: Any) -> None:
        """Until the firmware is done, or `stopped()` where the emulation was ended on purpose.

        Raises:
            SimulationError: see `Simulator.execute`.
        """
        done = self.image.symbols["tinynas_done"]
        left_us = max(1, int((deadline - time.monotonic()) * 1e6))
        try:
            self.uc.emu_start(self.entry | 1, done, timeout=left_us)
        except UcError as error:
            self._fail(self._describe(error))
        if self.board.problem is not None:
            self._fail(self.board.problem)
        if not stopped() and self.uc.reg_read(UC_ARM_REG_PC) != done:
            self._fail(f"the firmware did not end within {time_limit_s:g} s")

    def _describe(self, error: UcError) -> str:
        if self._access is None:
            return f"the processor stopped: {error}"
        access, address = self._access
        what = _ACCESSES.get(access, f"access of kind {access} to")
        return f"the firmware left the device's memory map: {what} {address:#010x}"

    def _fail(self, message: str) -> None:
        pc, lr = self.uc.reg_read(UC_ARM_REG_PC), self.uc.reg_read(UC_ARM_REG_LR)
        where = f"at {self.image.symbol_at(pc)}, called from {self.image.symbol_at(lr)}"
        with self.log.open("a") as stream:
            stream.write(f"{message}\n{where}\nsent {bytes(self.board.sent[-64:])!r}\n")
        raise SimulationError(f"{message} {where}")
