"""What this machine has of the tools that building and simulating use, and how to get the rest."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from tinynas.build import toolchains
from tinynas.build.toolchain import GCC, REMEDIES, ZIG
from tinynas.simulate.run import ALL_SIMULATORS

_NEEDED_FOR = {
    GCC: "builds firmware (the reference compiler)",
    ZIG: "builds firmware where GCC is not installed",
    "renode": "simulates the device (the reference simulator)",
    "unicorn": "simulates the device, comes with tinynas",
    "qemu": "simulates the device, a third opinion",
    "make": "builds a bundle by hand",
    "cc": "runs a bundle's test on this computer",
}
_SYSTEM = {"make": "apt-get install make", "cc": "apt-get install gcc libc6-dev"}


@dataclass(frozen=True)
class Tool:
    """`found`: the version or the path, None where it is missing; `remedy`: how to get it."""

    name: str
    purpose: str
    found: str | None
    remedy: str


def doctor() -> list[Tool]:
    """Every tool, the most important first."""
    found: dict[str, str | None] = {t.name: t.version for t in toolchains()}
    found |= {s.name: s.found() for s in ALL_SIMULATORS}
    found |= {name: shutil.which(name) for name in _SYSTEM}
    remedies = REMEDIES | _SYSTEM | {s.name: s.remedy for s in ALL_SIMULATORS}
    return [
        Tool(name, purpose, found.get(name), remedies[name])
        for name, purpose in _NEEDED_FOR.items()
    ]
