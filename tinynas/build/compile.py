"""Compiling and linking a bundle's firmware, and counting what each part of it takes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tinynas.build.elf import ElfImage, read_elf
from tinynas.build.objects import compiled, take_or_make
from tinynas.build.templates import HARNESS_SOURCES, LINKER_SCRIPT, firmware_files
from tinynas.build.toolchain import (
    CODE_FLAGS,
    HARNESS_FLAGS,
    WARNING_FLAGS,
    Toolchain,
)
from tinynas.devices import Device
from tinynas.errors import InvalidInputError, TinynasError

_TIME_LIMIT_S = 300


class BuildError(TinynasError):
    """The compiler or the linker refused; `log` is what it said."""

    def __init__(self, message: str, *, log: str) -> None:
        super().__init__(message, log=log)
        self.log = log


@dataclass(frozen=True)
class Firmware:
    """A linked ELF for one device, with what its parts take (bytes).

    flash_bytes, static_bytes: of the network's own library, compiler routines it calls included.
    """

    elf: Path
    map: Path | None
    device: Device
    compiler: str

    @cached_property
    def image(self) -> ElfImage:
        return read_elf(self.elf)

    def _sum(self, *sections: str) -> int:
        return sum(self.image.sections.get(s, 0) for s in sections)

    @property
    def input_bytes(self) -> int:
        """Bytes of one input of the network."""
        return self.image.symbols["tinynas_input_bytes"]

    @property
    def code_bytes(self) -> int:
        return self._sum(".library_code")

    @property
    def constant_bytes(self) -> int:
        return self._sum(".library_constants")

    @property
    def flash_bytes(self) -> int:
        return self._sum(".library_code", ".library_constants", ".library_data")

    @property
    def static_bytes(self) -> int:
        """Static data of the library, and the context that its caller keeps for it."""
        return self._sum(".library_data", ".library_bss", ".context")

    @property
    def arena_bytes(self) -> int:
        return self._sum(".arena")

    @property
    def harness_flash_bytes(self) -> int:
        return self._sum(".isr_vector", ".harness")

    @property
    def vector_flash_bytes(self) -> int:
        return self._sum(".vectors")


def build_firmware(
    bundle: Path,
    device: Device,
    toolchain: Toolchain,
    out_dir: Path,
    *,
    cache: Path | None = None,
) -> Firmware:
    """Builds the ELF of a bundle for a device into `out_dir`.

    For the bundle's own device its `firmware/` folder is built as it is, with the flags of its
    Makefile; for another one (a QEMU board that stands in) the files are made anew in `out_dir`.
    Objects are kept in folder `cache`, if there is one, for the next build of the same sources.

    Raises:
        InvalidInputError: the folder is no bundle.
        BuildError: compiling failed, or the firmware does not fit the device.
    """
    bundle, out = bundle.resolve(), out_dir.resolve()
    info = _bundle_info(bundle)
    folder = bundle / "firmware"
    if str(info["device"]).upper() != device.name.upper():
        folder = _firmware_for(bundle, info, device, out)
    flags = (*toolchain.core_flags(device), *CODE_FLAGS)
    sources = _sources(bundle, folder)
    objects = [out / place for place in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(
            pool.map(
                lambda item: _compile(
                    toolchain, flags, item[1], out / item[0], bundle, folder, cache
                ),
                sources.items(),
            )
        )
    map_file = out / "firmware.map" if toolchain.writes_map else None
    _link(toolchain, flags, objects, folder, out / "firmware.elf", map_file)
    return Firmware(out / "firmware.elf", map_file, device, toolchain.label)


def _bundle_info(bundle: Path) -> dict[str, object]:
    path = bundle / "bundle.json"
    if not path.is_file():
        raise InvalidInputError(
            f"{bundle} is not a bundle: it has no bundle.json", field="bundle", given=str(bundle)
        )
    info: dict[str, object] = json.loads(path.read_text())
    return info


def _firmware_for(bundle: Path, info: dict[str, object], device: Device, out: Path) -> Path:
    predicted = info["predicted"]
    if not isinstance(predicted, dict):
        raise InvalidInputError("bundle.json: predicted is not a mapping", field="predicted")
    with np.load(bundle / "test" / "vectors.npz") as vectors:
        vector_bytes = sum(vectors[n].nbytes for n in vectors.files)
    texts = firmware_files(
        device,
        name=str(info["name"]),
        vector_bytes=vector_bytes,
        library_flash_bytes=int(predicted["flash_bytes"]),
        inputs=_count(info, "inputs"),
        outputs=_count(info, "outputs"),
    )
    folder = out / "firmware"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def _count(info: dict[str, object], side: str) -> int:
    """How many inputs (outputs) `bundle.json` lists."""
    listed = info.get(side)
    return len(listed) if isinstance(listed, list) else 1


def _sources(bundle: Path, folder: Path) -> dict[str, Path]:
    """Object file (relative to the output) to source, in the Makefile's link order."""
    found = {f"harness/{s[:-2]}.o": folder / s for s in HARNESS_SOURCES}
    if "#define TARGET_VECTORS_IN_FLASH 1" in (folder / "target.h").read_text():
        found["vectors/vectors.o"] = bundle / "test" / "vectors.c"
    found |= {f"library/{s.stem}.o": s for s in sorted((bundle / "src").glob("*.c"))}
    found |= {f"library/{s.stem}_s.o": s for s in sorted((bundle / "src").glob("*.S"))}
    return found


def _compile(
    toolchain: Toolchain,
    flags: tuple[str, ...],
    source: Path,
    target: Path,
    bundle: Path,
    folder: Path,
    cache: Path | None,
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    extra = HARNESS_FLAGS if target.parent.name == "harness" else ()
    options = (*flags, *WARNING_FLAGS, "-Werror", *extra)
    include: tuple[str, ...] = ()  # assembly includes nothing but what lies beside it
    if source.suffix != ".S":
        folders = (f"-I{bundle / 'include'}", f"-I{bundle / 'test'}")
        include = ("-include", "marks.h", "-I.", *folders)
    files = ("-c", str(source), "-o", str(target))

    def make() -> None:
        _call((*toolchain.command, *options, *include, *files), f"compiling {source.name}", folder)

    if cache is None:
        make()
        return
    settings = (toolchain.label, *options)
    places = (folder, bundle / "include", bundle / "test")
    take_or_make(compiled(cache, settings, (source, folder / "marks.h"), places), target, make)


def _link(
    toolchain: Toolchain,
    flags: tuple[str, ...],
    objects: list[Path],
    folder: Path,
    elf: Path,
    map_file: Path | None,
) -> None:
    wanted_map = (f"-Wl,-Map,{map_file}",) if map_file else ()
    command = (
        *toolchain.command,
        *flags,
        *toolchain.link_flags,
        "-T",
        LINKER_SCRIPT,
        *wanted_map,
        "-o",
        str(elf),
        *map(str, objects),
        *toolchain.link_libraries,
    )
    _call(command, "linking the firmware", folder)


def _call(command: tuple[str, ...], what: str, folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{what} took more than {_TIME_LIMIT_S} s", log=str(error)) from error
    if done.returncode:
        log = f"$ {shlex.join(command)}\n{done.stdout}"
        raise BuildError(f"{what} failed: {_first_complaint(done.stdout)}", log=log)


def _first_complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wanted = ("overflowed", "tinynas:", "error:", "undefined")
    for word in wanted:
        for line in lines:
            if word in line:
                return line
    return lines[-1] if lines else "the tool said nothing"
