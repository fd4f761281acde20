"""What a person without this project does with the firmware: a terminal, Renode's own prompt."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tinynas.build import build_firmware, find_toolchain
from tinynas.devices import load_device
from tinynas.errors import MissingToolError
from tinynas.simulate import find_simulator
from tinynas.simulate.process import supervise
from tinynas.simulate.unicorn_cpu import Emulation

WriteBundle = Callable[..., Path]
DEVICE = "stm32f746zg"


@pytest.mark.parametrize(
    ("sabotage", "answer"),
    [
        ("", b"16 vectors, 0 bytes wrong: passed\r\n"),
        ("ctx->arena[128] ^= 1; ctx->arena[130] ^= 1;", b"16 vectors, 32 bytes wrong\r\n"),
        ("return TINY_BAD_ARENA;", b"16 vectors, 128 bytes wrong\r\n"),
    ],
)
def test_t_in_a_terminal_compares_the_vectors_in_flash(
    tiny_bundle: WriteBundle, tmp_path: Path, sabotage: str, answer: bytes
) -> None:
    bundle, device = tiny_bundle(DEVICE, sabotage=sabotage), load_device(DEVICE)
    firmware = build_firmware(bundle, device, find_toolchain(), tmp_path / "out")
    emulation = Emulation(firmware, [], tmp_path / "log")
    emulation.board.receive(b"t")
    emulation.run(time.monotonic() + 30, 30, lambda: False)
    assert answer in bytes(emulation.board.sent)


def test_the_script_in_the_bundle_runs_on_renode(tiny_bundle: WriteBundle, tmp_path: Path) -> None:
    try:
        renode = find_simulator("renode").found()
    except MissingToolError as error:
        pytest.skip(error.message)
    bundle, device = tiny_bundle(DEVICE), load_device(DEVICE)
    built = build_firmware(bundle, device, find_toolchain(), tmp_path / "out")
    folder = bundle / "firmware"
    (folder / "build").mkdir()
    shutil.copy(built.elf, folder / "build")
    # A window cannot be shown here: the UART goes to a file, and a key is pressed by the monitor.
    script = (folder / "renode.resc").read_text()
    shown = f"sysbus.usart1 CreateFileBackend @{tmp_path / 'uart'} true"
    script = script.replace("showAnalyzer sysbus.usart1", shown)
    (folder / "test.resc").write_text(script + "sleep 1\nsysbus.usart1 WriteChar 116\n")
    uart = tmp_path / "uart"
    supervise(
        [str(renode), "--disable-xwt", "--console", "-p", "test.resc"],
        stdout=tmp_path / "log",
        stderr=tmp_path / "stderr",
        cwd=folder,
        finished=lambda: uart.is_file() and b"passed" in uart.read_bytes(),
        time_limit_s=60,
    )
    assert b"16 vectors, 0 bytes wrong: passed" in uart.read_bytes()
    assert "non existing" not in (tmp_path / "log").read_text()
