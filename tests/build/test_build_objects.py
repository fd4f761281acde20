"""Objects kept between builds: the same firmware, made anew where anything it reads has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinynas.build import Firmware, build_firmware, toolchains
from tinynas.devices import load_device

WriteBundle = Callable[..., Path]


def test_kept_objects_make_the_same_firmware(tiny_bundle: WriteBundle, tmp_path: Path) -> None:
    bundle, cache = tiny_bundle(), tmp_path / "cache"
    toolchain, device = toolchains()[0], load_device("stm32f411xe")

    def build(name: str, kept: Path | None) -> Firmware:
        return build_firmware(bundle, device, toolchain, tmp_path / name, cache=kept)

    plain = build("plain", None).elf.read_bytes()
    first = build("first", cache).elf.read_bytes()
    objects = {p.name: p.stat().st_mtime_ns for p in cache.iterdir()}
    again = build("again", cache).elf.read_bytes()
    assert plain == first == again
    assert objects == {p.name: p.stat().st_mtime_ns for p in cache.iterdir()}
    header = bundle / "include" / "tiny.h"
    header.write_text(header.read_text().replace("ARENA_BYTES 256", "ARENA_BYTES 512"))
    assert build("changed", cache).arena_bytes == 512
    assert len(list(cache.iterdir())) > len(objects)
