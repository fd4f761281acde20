"""The firmware's protocol, seen from the host: commands out, frames in (`firmware/harness.c`)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tinynas.build import ElfImage
from tinynas.errors import SimulationError

VERSION = 2
UNKNOWN = 0xFFFFFFFF

_HEADER = struct.Struct("<2scxI")
_FAULT_WORDS = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "cfsr", "hfsr", "mmfar", "bfar")


FLASH_COMMANDS = b"vq"
"""Run every vector in flash, then quit."""

RUN_FROM_MEMORY, QUIT = b"m", b"q"


def pieces_of(words: Callable[[int], tuple[int, int]], table: int) -> Iterator[tuple[int, int]]:
    """(address, bytes) of each of the network's inputs, from the table at the mark SERVES.

    `words` reads two words of the device's memory.
    """
    while True:
        address, count = words(table)
        if count == 0:
            return
        yield address, count
        table += 8


def uart_commands(inputs: Sequence[bytes]) -> bytes:
    """Commands that carry the inputs themselves, then quit."""
    return b"".join(b"i" + data for data in inputs) + QUIT


@dataclass(frozen=True)
class Ready:
    version: int
    input_bytes: int
    output_bytes: int
    vectors: int
    arena_bytes: int


@dataclass(frozen=True)
class Output:
    """One run: status 0 is success; `ticks` of SysTick's reference clock.

    `stack_bytes` is UNKNOWN where the stack overflowed, `ticks` where the counter did.
    """

    number: int
    status: int
    stack_bytes: int
    ticks: int
    data: bytes


@dataclass
class Report:
    """Frames read so far; `feed` takes the UART's bytes as they come.

    Raises:
        SimulationError: bytes that are no frame.
    """

    ready: Ready | None = None
    outputs: list[Output] = field(default_factory=list)
    refused: tuple[int, int] | None = None
    fault: dict[str, int] | None = None
    done: int | None = None
    _rest: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return self.done is not None or self.fault is not None or self.refused is not None

    def feed(self, data: bytes) -> None:
        self._rest += data
        start = 0
        while len(self._rest) - start >= _HEADER.size:
            magic, kind, length = _HEADER.unpack_from(self._rest, start)
            if magic != b"TN":
                text = bytes(self._rest[start : start + 32])
                raise SimulationError(f"the firmware sent {text!r}, which is no frame")
            end = start + _HEADER.size + length
            if len(self._rest) < end:
                break
            self._take(kind, bytes(self._rest[start + _HEADER.size : end]))
            start = end
        del self._rest[:start]

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == b"R":
            self.ready = Ready(*struct.unpack("<5I", payload))
            if self.ready.version != VERSION:
                raise SimulationError(
                    f"the firmware speaks protocol {self.ready.version}, this is {VERSION}"
                )
        elif kind == b"O":
            number, status, stack_bytes, ticks = struct.unpack_from("<4I", payload)
            self.outputs.append(Output(number, status, stack_bytes, ticks, payload[16:]))
        elif kind == b"E":
            command, status = struct.unpack("<2I", payload)
            self.refused = command, status
        elif kind == b"F":
            self.fault = dict(zip(_FAULT_WORDS, struct.unpack("<12I", payload), strict=True))
        elif kind == b"D":
            (self.done,) = struct.unpack("<I", payload)
        else:
            raise SimulationError(f"the firmware sent a frame of unknown kind {kind!r}")


def complaint(report: Report, image: ElfImage) -> str | None:
    """What went wrong by the firmware's own account, or None."""
    if report.fault is not None:
        fault = report.fault
        where = f"at {image.symbol_at(fault['pc'])}, called from {image.symbol_at(fault['lr'])}"
        causes = f"CFSR {fault['cfsr']:#x}, HFSR {fault['hfsr']:#x}, BFAR {fault['bfar']:#x}"
        return f"the firmware faulted {where} ({causes})"
    if report.refused is not None:
        command, init_status = report.refused
        if init_status:
            return f"the network's init failed with status {init_status}"
        return f"the firmware refused the command {chr(command)!r}"
    failed = next((o for o in report.outputs if o.status), None)
    if failed is not None:
        return f"run {failed.number} of the network returned status {failed.status}"
    if any(o.stack_bytes == UNKNOWN for o in report.outputs):
        room = image.symbols["__stack_top"] - image.symbols["__stack_limit"]
        return f"the stack overflowed the {room} bytes that are left for it"
    return None
