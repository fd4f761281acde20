"""QEMU: the part's own ELF on a machine that holds its memory map, else one linked again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tinynas.build import Firmware
from tinynas.devices import Device, MemoryKind, stand_in
from tinynas.errors import MissingToolError, SimulationError
from tinynas.simulate.model import Counts, Execution
from tinynas.simulate.process import supervise
from tinynas.simulate.protocol import FLASH_COMMANDS, UNKNOWN, Report, uart_commands
from tinynas.simulate.watch import Watch

_PROGRAM = "qemu-system-arm"
_TICKS_HZ = {
    "netduinoplus2": 21_000_000,
    "mps2-an385": 1_000_000,
    "mps2-an386": 1_000_000,
    "mps2-an500": 1_000_000,
    "mps2-an505": 20_000_000,
    "microbit": 16_000_000,
}
"""SysTick's reference clock on each machine, in virtual time."""

_INSTRUCTIONS_HZ = 1_000_000_000
"""`-icount shift=0`: one instruction takes one nanosecond of virtual time."""


class Qemu:
    """Counts instructions by the firmware's SysTick, so to about one tick (48 or 1,000)."""

    name = "qemu"
    remedy = "apt-get install qemu-system-arm"

    def found(self) -> str | None:
        return shutil.which(_PROGRAM)

    def target(self, device: Device) -> Device | None:
        return device if device.simulators.qemu_machine else stand_in(device.core)

    def execute(
        self,
        firmware: Firmware,
        inputs: Sequence[bytes] | None,
        *,
        workdir: Path,
        time_limit_s: float,
    ) -> Execution:
        program, machine = self.found(), firmware.device.simulators.qemu_machine
        if program is None:
            raise MissingToolError(_PROGRAM, self.remedy)
        if machine is None:
            raise SimulationError(f"QEMU has no machine for {firmware.device.name}")
        uart, log = workdir / "qemu.uart", workdir / "qemu.log"
        log.write_text("")
        uart.unlink(missing_ok=True)
        options = ["-display", "none", "-monitor", "none", "-serial", "stdio"]
        counting = ["-icount", "shift=0", "-d", "guest_errors", "-D", str(log)]
        reader = _UartFile(uart)
        # A socket's path is short; the folder of the run need not be.
        with tempfile.TemporaryDirectory(prefix="tinynas-") as folder:
            watch = Watch(Path(folder) / "gdb", firmware.device)

            def finished() -> bool:
                watch.check()
                return reader.ended()

            board = ["-M", machine, *_memory_options(firmware.device)]
            command = [program, *board, "-kernel", str(firmware.elf), *watch.options]
            try:
                supervise(
                    [*command, *options, *counting],
                    # What arrives before the firmware has opened the UART is lost.
                    stdin=FLASH_COMMANDS if inputs is None else uart_commands(inputs),
                    listens=lambda: reader.report.ready is not None,
                    stdout=uart,
                    stderr=log,
                    cwd=workdir,
                    finished=finished,
                    time_limit_s=time_limit_s,
                )
            finally:
                watch.close()
        return Execution(uart.read_bytes(), _counts(reader.report, machine), f"QEMU {machine}")


def _memory_options(device: Device) -> list[str]:
    """Of the one machine whose memories have a size to choose: the device's."""
    if device.simulators.qemu_machine != "microbit":
        return []
    sizes = {kind: device.largest(kind).bytes for kind in MemoryKind}
    names = {MemoryKind.FLASH: "flash-size", MemoryKind.SRAM: "sram-size"}
    options = [f"nrf51-soc.{names[kind]}={size:#x}" for kind, size in sizes.items()]
    return [part for option in options for part in ("-global", option)]


class _UartFile:
    """Follows the file that the UART's bytes go to."""

    def __init__(self, path: Path) -> None:
        self.path, self.read, self.report = path, 0, Report()

    def ended(self) -> bool:
        if self.path.is_file() and self.path.stat().st_size > self.read:
            with self.path.open("rb") as stream:
                stream.seek(self.read)
                data = stream.read()
            self.read += len(data)
            self.report.feed(data)
        return self.report.ended


def _counts(report: Report, machine: str) -> Counts | None:
    if not report.outputs or report.outputs[0].ticks == UNKNOWN:
        return None
    ticks = report.outputs[0].ticks
    return Counts(round(ticks * _INSTRUCTIONS_HZ / _TICKS_HZ[machine]), None, exact=False)
