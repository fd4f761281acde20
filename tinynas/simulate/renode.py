"""Renode, with a platform description as strict as the datasheet, made from the catalogue."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tinynas.build import RUN_BEGINS, RUN_ENDS, SERVES, Firmware, platform
from tinynas.devices import Device
from tinynas.errors import MissingToolError, SimulationError
from tinynas.simulate.model import Counts, Execution
from tinynas.simulate.process import supervise
from tinynas.simulate.protocol import FLASH_COMMANDS, QUIT, RUN_FROM_MEMORY

_REFUSED = re.compile(r"There was an error executing command.*|Could not tokenize here.*")
_STRAY = re.compile(r"non existing peripheral at (0x[0-9A-Fa-f]+)")
_MARK = re.compile(r"tinynas mark (-?\d+) (\d+)")
_DONE = "tinynas done"


class Renode:
    """Never faults on an unmapped access itself: it logs one, and that fails the run here."""

    name = "renode"
    remedy = (
        "download it from https://renode.io and put `renode` on PATH, "
        "or name the program in TINYNAS_RENODE"
    )

    def found(self) -> str | None:
        return shutil.which(os.environ.get("TINYNAS_RENODE") or "renode")

    def target(self, device: Device) -> Device | None:
        return device if device.simulators.renode_uart else None

    def execute(
        self,
        firmware: Firmware,
        inputs: Sequence[bytes] | None,
        *,
        workdir: Path,
        time_limit_s: float,
    ) -> Execution:
        program = self.found()
        if program is None:
            raise MissingToolError(self.name, self.remedy)
        # In a folder of its own: Renode's scripts cannot say a path with a space in it, and it
        # renames an existing output file out of the way instead of writing it anew.
        with tempfile.TemporaryDirectory(prefix="tinynas-renode-") as scratch:
            folder, log = Path(scratch), workdir / "renode.log"
            _write_files(folder, firmware, inputs)
            log.unlink(missing_ok=True)
            watch = _Log(log)
            supervise(
                [program, "--disable-xwt", "--console", "-p", "run.resc"],
                stdout=log,
                stderr=folder / "stderr",
                cwd=folder,
                finished=watch.ended,
                time_limit_s=time_limit_s,
            )
            report = (folder / "uart").read_bytes()
        marks = [(int(n), int(at)) for n, at in _MARK.findall(watch.text)]
        return Execution(report, _counts(marks), "Renode, generated platform")


def _write_files(folder: Path, firmware: Firmware, inputs: Sequence[bytes] | None) -> None:
    shutil.copyfile(firmware.elf, folder / "firmware.elf")
    with (folder / "inputs").open("wb") as stream:
        stream.writelines(inputs or ())
    (folder / "device.repl").write_text(platform(firmware.device))
    (folder / "run.resc").write_text(_script(firmware, folder, inputs))


class _Log:
    """Follows Renode's log; a stray access ends the run."""

    def __init__(self, path: Path) -> None:
        self.path, self.text = path, ""

    def ended(self) -> bool:
        self.text = self.path.read_text(errors="replace") if self.path.is_file() else ""
        refused = _REFUSED.search(self.text)
        if refused:
            raise SimulationError(f"Renode refused its script: {refused[0]}")
        stray = _STRAY.search(self.text)
        if stray:
            raise SimulationError(
                f"the firmware left the device's memory map: access to {stray[1]}"
            )
        return _DONE in self.text


def _script(firmware: Firmware, folder: Path, inputs: Sequence[bytes] | None) -> str:
    image, uart = firmware.image, f"sysbus.{firmware.device.uart.name}"
    hooks = {a: _print_mark(n) for a, n in image.marks.items() if n != SERVES}
    # Counting the first run is enough, and hooks slow the rest down.
    forget = "; ".join(f"self.RemoveHooksAt({a:#x})" for a in hooks)
    hooks |= {a: f"{_print_mark(n)}; {forget}" for a, n in image.marks.items() if n == RUN_ENDS}
    serve = _send(uart, FLASH_COMMANDS) if inputs is None else _feed(uart, folder, inputs)
    hooks |= {a: serve for a, n in image.marks.items() if n == SERVES}
    hooks[image.symbols["tinynas_done"]] = f"print('{_DONE}'); self.IsHalted = True"
    return "\n".join(
        [
            "using sysbus",
            f'mach create "{firmware.device.name}"',
            f"machine LoadPlatformDescription @{folder / 'device.repl'}",
            f"{uart} CreateFileBackend @{folder / 'uart'} true",
            f"sysbus LoadELF @{folder / 'firmware.elf'}",
            *(f"cpu AddHook {a:#x} {_quoted(python)}" for a, python in hooks.items()),
            "start",
            "",
        ]
    )


def _quoted(python: str) -> str:
    """Renode's monitor reads three quotes up to three others on a line of their own."""
    return f'"""{python}"""' if "\n" in python else f'"{python}"'


def _send(uart: str, commands: bytes) -> str:
    """Python for a hook: commands into the UART, once."""
    return f"""
if not globals().get('sent'):
    sent = True
    for byte in {list(commands)}:
        machine['{uart}'].WriteChar(byte)
"""


def _feed(uart: str, folder: Path, inputs: Sequence[bytes]) -> str:
    """Python for a hook: the next inputs to where r0's table says, and the command to run on them.

    The table is that of `tinynas.simulate.protocol.pieces_of`.
    """
    size = len(inputs[0]) if inputs else 1
    return f"""
stream = globals().get('stream') or open('{folder / "inputs"}', 'rb')
data = stream.read({size})
table, at = self.R[0].RawValue, 0
while at < len(data):
    where, count = (machine.SystemBus.ReadDoubleWord(table + k) for k in (0, 4))
    piece = System.Array[System.Byte](bytearray(data[at:at + count]))
    machine.SystemBus.WriteBytes(piece, where)
    table, at = table + 8, at + count
machine['{uart}'].WriteChar({RUN_FROM_MEMORY[0]} if data else {QUIT[0]})
"""


def _print_mark(number: int) -> str:
    return f"print('tinynas mark %d %d' % ({number}, self.ExecutedInstructions))"


def _counts(marks: list[tuple[int, int]]) -> Counts | None:
    """Of the first run: what lies between each mark and the next belongs to the first of them."""
    begins = next((i for i, (n, _) in enumerate(marks) if n == RUN_BEGINS), None)
    if begins is None:
        return None
    layers: dict[int, int] = {}
    for (number, start), (following, end) in zip(marks[begins:], marks[begins + 1 :], strict=False):
        if number >= 0:
            layers[number] = layers.get(number, 0) + end - start
        if following == RUN_ENDS:
            return Counts(end - marks[begins][1], layers)
    return None
