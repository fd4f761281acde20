"""Compilers for Cortex-M: GCC from the system's packages, or clang from PyPI."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from tinynas.devices import Device
from tinynas.errors import InvalidInputError, MissingToolError

GCC = "arm-none-eabi-gcc"
ZIG = "ziglang"

CODE_FLAGS = (
    "-std=c11",
    "-O3",
    "-fomit-frame-pointer",
    "-ffp-contract=off",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-common",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
"""Of every source.  No contraction: a fused multiply-add rounds once where LiteRT rounds twice."""

HARNESS_FLAGS = ("-ffreestanding", "-fno-builtin")
"""Of start-up and harness, so that they call nothing of the compiler's libraries."""

WARNING_FLAGS = ("-Wall", "-Wextra")

GCC_LINK_FLAGS = ("-nostartfiles", "-nostdlib", "-Wl,--gc-sections")
GCC_LIBRARIES = ("-lc", "-lgcc")


@dataclass(frozen=True)
class Toolchain:
    """A compiler driver that also links.

    `link_libraries` come last on the link line; `writes_map` says whether the linker can.
    """

    name: str
    command: tuple[str, ...]
    version: str
    link_flags: tuple[str, ...]
    link_libraries: tuple[str, ...]
    writes_map: bool
    core_flags: Callable[[Device], tuple[str, ...]]

    @property
    def label(self) -> str:
        """Name and version, as reports give it."""
        return f"{self.name} {self.version}"


def gcc_core_flags(device: Device) -> tuple[str, ...]:
    """GCC's flags for a device's core and floating-point unit."""
    core: tuple[str, ...] = (f"-mcpu={device.core}", "-mthumb")
    if device.core == "cortex-m0plus":
        # Its tables would lie among the constants, and be what no kernel's size tells.
        core = (*core, "-fno-jump-tables")
    if device.fpu is None:
        return (*core, "-mfloat-abi=soft")
    return (*core, "-mfloat-abi=hard", f"-mfpu={device.fpu}")


def zig_core_flags(device: Device) -> tuple[str, ...]:
    """Zig's flags for a device's core and floating-point unit (a feature of LLVM's)."""
    feature = "" if device.fpu is None else f"+{_LLVM_FPU[device.fpu]}"
    abi = "eabi" if device.fpu is None else "eabihf"
    dsp = "+dsp" if device.core == "cortex-m33" else ""  # which is optional there
    cpu = f"-mcpu={device.core.replace('-', '_')}{feature}{dsp}"
    return ("-target", f"thumb-freestanding-{abi}", cpu, "-fno-sanitize=all", "-g0")


_LLVM_FPU = {
    "fpv4-sp-d16": "vfp4d16sp",
    "fpv5-sp-d16": "fp_armv8d16sp",
    "fpv5-d16": "fp_armv8d16",
}


def toolchains() -> list[Toolchain]:
    """Those found, the preferred one first."""
    return [t for t in (_gcc(), _zig()) if t is not None]


def find_toolchain(name: str | None = None) -> Toolchain:
    """The toolchain of that name, or the preferred one of those found.

    Raises:
        InvalidInputError: no toolchain has that name.
        MissingToolError: it is not installed (or none is); says how to install it.
    """
    if name not in (None, GCC, ZIG):
        raise InvalidInputError(
            f"unknown toolchain {name!r}; allowed are {GCC} and {ZIG}",
            field="toolchain",
            given=name,
            allowed=[GCC, ZIG],
        )
    for toolchain in toolchains():
        if name in (None, toolchain.name):
            return toolchain
    raise MissingToolError(name or "a compiler for Cortex-M", REMEDIES[name or GCC])


def preferred_compiler() -> str:
    """The name of the compiler that will build here; the reference one where none is found."""
    found = toolchains()
    return found[0].name if found else GCC


REMEDIES = {
    GCC: "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ZIG: "python -m pip install ziglang",
}


def _gcc() -> Toolchain | None:
    path = shutil.which(GCC)
    version = _version((path, "--version")) if path else None
    if path is None or version is None:
        return None
    return Toolchain(GCC, (path,), version, GCC_LINK_FLAGS, GCC_LIBRARIES, True, gcc_core_flags)


def _zig() -> Toolchain | None:
    if find_spec("ziglang") is None:
        return None
    zig = (sys.executable, "-m", "ziglang")
    version = _version((*zig, "version"))
    if version is None:
        return None
    # Zig's driver adds compiler-rt, with memcpy and its kin, unless told -nostdlib.
    return Toolchain(ZIG, (*zig, "cc"), version, ("-Wl,--gc-sections",), (), False, zig_core_flags)


@cache
def _version(command: tuple[str, ...]) -> str | None:
    """The first number with dots that the command prints; None where it does not run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    numbers = re.findall(r"\b\d+\.\d+(?:\.\d+)?\b", done.stdout.partition("\n")[0])
    return numbers[-1] if done.returncode == 0 and numbers else None
