"""A board for Unicorn: the device's memories, its UART's registers, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unicorn import UC_PROT_ALL, UC_PROT_EXEC, UC_PROT_READ, Uc

from tinynas.devices import Device, MemoryKind, UartModel

_PAGE = 0x1000
_SYSTEM_CONTROL = 0xE000E000
_BLOCK_BYTES = 0x400
_IDLE_POLLS = 1000


@dataclass(frozen=True)
class _Registers:
    """Offsets of a UART's registers, and what its status reads with nothing received.

    `sent`: another one that says by 1 that more can be written, which is always so.
    """

    status: int
    data_in: int
    data_out: int
    idle: int
    received: int
    sent: int | None = None
    bytes: int = 0x400


_UARTS = {
    UartModel.STM32F4: _Registers(0x00, 0x04, 0x04, idle=0xC0, received=0x20),
    UartModel.STM32F7: _Registers(0x1C, 0x24, 0x28, idle=0xC0, received=0x20),
    UartModel.CMSDK: _Registers(0x04, 0x00, 0x00, idle=0x0, received=0x2),
    UartModel.NRF51: _Registers(0x108, 0x518, 0x51C, 0x0, received=0x1, sent=0x11C, bytes=0x600),
}


class Board:
    """Maps `device` into `uc`.  `commands` wait in the UART; `sent` is what the firmware wrote.

    `problem` says why the board stopped the emulation, if it did: a register that is not there, or
    a firmware that waits for more input than there is.
    """

    def __init__(self, uc: Uc, device: Device, commands: bytes) -> None:
        self.uc = uc
        self.sent = bytearray()
        self.problem: str | None = None
        self._commands, self._next, self._idle = bytearray(commands), 0, 0
        self._registers = _UARTS[device.uart.model]
        self._uart = device.uart.address
        self._blocks = device.setup_blocks
        self._stored: dict[int, int] = {}
        for region in device.regions:
            flash = region.kind is MemoryKind.FLASH
            rights = UC_PROT_READ | UC_PROT_EXEC if flash else UC_PROT_ALL
            uc.mem_map(region.address, region.bytes, rights)
        for address in (_SYSTEM_CONTROL, self._uart, *self._blocks):
            self._map_page(address // _PAGE * _PAGE)

    def receive(self, commands: bytes) -> None:
        """More that waits in the UART."""
        self._commands += commands

    def _map_page(self, page: int) -> None:
        if any(start <= page <= end for start, end, _ in self.uc.mem_regions()):
            return

        def read(_uc: Uc, offset: int, _size: int, _data: Any) -> int:
            return self._read(page + offset)

        def write(_uc: Uc, offset: int, _size: int, value: int, _data: Any) -> None:
            self._write(page + offset, value)

        self.uc.mmio_map(page, _PAGE, read, None, write, None)

    def _read(self, address: int) -> int:
        if self._uart <= address < self._uart + self._registers.bytes:
            return self._read_uart(address - self._uart)
        self._check(address)
        return self._stored.get(address, 0)

    def _write(self, address: int, value: int) -> None:
        if address == self._uart + self._registers.data_out:
            self.sent.append(value & 0xFF)
        elif not self._uart <= address < self._uart + self._registers.bytes:
            self._check(address)
            self._stored[address] = value

    def _read_uart(self, offset: int) -> int:
        registers, waiting = self._registers, self._next < len(self._commands)
        if offset == registers.data_in and waiting:
            self._next += 1
            return self._commands[self._next - 1]
        if offset != registers.status:
            return int(offset == registers.sent)
        # Polling for room to write and for input look alike; only the second can go on for ever.
        self._idle = 0 if waiting else self._idle + 1
        if self._idle > _IDLE_POLLS + 8 * len(self.sent):
            self._stop("the firmware waits for input that does not come")
        return registers.idle | (registers.received if waiting else 0)

    def _check(self, address: int) -> None:
        known = _SYSTEM_CONTROL <= address < _SYSTEM_CONTROL + _PAGE
        if not known and not any(b <= address < b + _BLOCK_BYTES for b in self._blocks):
            self._stop(f"the firmware left the device's memory map: access to {address:#010x}")

    def _stop(self, problem: str) -> None:
        self.problem = self.problem or problem
        self.uc.emu_stop()
