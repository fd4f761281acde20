"""Watching, by QEMU's gdb stub, the memory that its machine has and the part does not.

QEMU's machines hold more memory than most parts: what overflows the part would run.  One watchpoint
lies over each such stretch; memory beside it costs nothing.  What no machine maps faults by itself.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from tinynas.devices import Device
from tinynas.errors import SimulationError

_MPS2 = ((0x00000000, 0x02000000), (0x20000000, 0x22000000), (0x60000000, 0x61000000))
_AN505 = (
    *((base, base + 0x400000) for base in (0x00000000, 0x10000000, 0x28000000, 0x38000000)),
    *((base, base + 0x8000) for base in (0x20000000, 0x30000000)),
    (0x80000000, 0x81000000),
)
_MEMORIES = {
    "netduinoplus2": (
        (0x08000000, 0x08100000),
        (0x10000000, 0x10010000),
        (0x20000000, 0x20020000),
    ),
    "mps2-an385": _MPS2,
    "mps2-an386": _MPS2,
    "mps2-an500": _MPS2,
    "mps2-an505": _AN505,
    "microbit": (),
}
"""Where each machine has memory, mirrors included: (begin, end); the last one has the device's."""

_HIT = re.compile(rb"\$T[0-9a-f]{2}[^#]*?watch:([0-9a-f]+);")
_STOP = re.compile(rb"\$[ST][0-9a-f]{2}[^#]*#")
_PATIENCE_S = 10.0


def beyond(device: Device) -> Iterator[tuple[int, int]]:
    """(begin, end) of what the device's QEMU machine has beyond the device's own memories."""
    own = sorted((r.address, r.end) for r in device.regions)
    for begin, end in _MEMORIES[str(device.simulators.qemu_machine)]:
        reached = begin
        for low, high in own:
            if high <= reached or low >= end:
                continue
            if low > reached:
                yield reached, low
            reached = high
        if reached < end:
            yield reached, end


class Watch:
    """Attaches to a machine that QEMU started stopped (`-S`), sets the watchpoints, lets it run."""

    def __init__(self, path: Path, device: Device) -> None:
        self.path, self.device = path, device
        self._stub: socket.socket | None = None

    @property
    def options(self) -> list[str]:
        """QEMU's, for a stub that listens on `path` (at most some 100 bytes long)."""
        return ["-S", "-gdb", f"unix:{self.path},server=on,wait=off"]

    def check(self) -> None:
        """Attach as soon as that is possible; afterwards, look for a hit.

        Raises:
            SimulationError: the firmware left the part's map, or the stub refused.
        """
        if self._stub is None:
            self._attach()
            return
        try:
            data = self._stub.recv(4096)
        except BlockingIOError:
            return
        hit = _HIT.search(data)
        if hit:
            # The stub names the watchpoint, not the access.
            begin, end = next(x for x in beyond(self.device) if x[0] <= int(hit[1], 16) < x[1])
            raise SimulationError(
                "the firmware left the device's memory map: access between "
                f"{begin:#010x} and {end - 1:#010x}"
            )
        if _STOP.search(data):
            raise SimulationError(f"QEMU stopped: {data.decode(errors='replace')}")

    def close(self) -> None:
        if self._stub is not None:
            self._stub.close()

    def _attach(self) -> None:
        stub = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stub.settimeout(_PATIENCE_S)
        try:
            stub.connect(str(self.path))
        except (FileNotFoundError, ConnectionRefusedError):
            stub.close()
            return
        try:
            for begin, end in beyond(self.device):
                answer = _asked(stub, f"Z4,{begin:x},{end - begin:x}".encode())
                if answer != b"OK":
                    raise SimulationError(f"QEMU's gdb stub refused a watchpoint: {answer!r}")
            stub.sendall(_packet(b"c"))
        except OSError as error:
            raise SimulationError(f"QEMU's gdb stub does not answer: {error}") from error
        stub.setblocking(False)
        self._stub = stub


def _packet(body: bytes) -> bytes:
    return b"$" + body + b"#%02x" % (sum(body) & 0xFF)


def _asked(stub: socket.socket, body: bytes) -> bytes:
    """The stub's answer, acknowledged."""
    stub.sendall(_packet(body))
    data = b""
    while not re.search(rb"\$[^#]*#..", data):
        part = stub.recv(4096)
        if not part:
            raise ConnectionResetError("it closed the connection")
        data += part
    stub.sendall(b"+")
    return data[data.index(b"$") + 1 : data.rindex(b"#")]
