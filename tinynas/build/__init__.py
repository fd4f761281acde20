"""Firmware: from a bundle's C to an ELF for the device, with every part of it counted."""

from tinynas.build.compile import BuildError, Firmware, build_firmware
from tinynas.build.elf import RUN_BEGINS, RUN_ENDS, SERVES, ElfImage, read_elf
from tinynas.build.host import build_host, run_host
from tinynas.build.linker import linker_script
from tinynas.build.renode_files import platform
from tinynas.build.templates import firmware_files
from tinynas.build.toolchain import Toolchain, find_toolchain, preferred_compiler, toolchains

__all__ = [
    "RUN_BEGINS",
    "RUN_ENDS",
    "SERVES",
    "BuildError",
    "ElfImage",
    "Firmware",
    "Toolchain",
    "build_firmware",
    "build_host",
    "find_toolchain",
    "firmware_files",
    "linker_script",
    "platform",
    "preferred_compiler",
    "read_elf",
    "run_host",
    "toolchains",
]
