"""What a simulated run gives, and what a simulator has to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tinynas.build import Firmware
from tinynas.devices import Device


@dataclass(frozen=True)
class Counts:
    """Instructions of one run of the network, from its call to its return.

    `layers` maps the index of an op in the graph to the instructions between its mark and the
    next one; None where the simulator cannot stop at marks.  `exact` is False where the total
    comes from a timer.
    """

    total: int
    layers: dict[int, int] | None
    exact: bool = True


@dataclass(frozen=True)
class Execution:
    """What a backend saw: the UART's output and the counts of the first run (None if no run)."""

    report: bytes
    counts: Counts | None
    machine: str


class Simulator(Protocol):
    """One backend.

    `execute` boots the firmware, has it run on each of `inputs` (or, where that is None, on the
    vectors in flash) and returns when it reports that it is done.  How inputs get in, by the UART
    or straight into memory, is the backend's choice.  It keeps a log at
    `workdir / f"{name}.log"`.

    Raises:
        MissingToolError: the simulator is not installed.
        SimulationError: a hang (the time limit, in seconds of wall clock), a fault the firmware
            could not report itself, an access outside the device's memory map.
    """

    name: str
    remedy: str
    """How to install it."""

    def found(self) -> str | None:
        """Where it is, or its version; None where it is not installed."""

    def target(self, device: Device) -> Device | None:
        """The device to link for so that firmware runs here: the same, a stand-in, or none."""

    def execute(
        self,
        firmware: Firmware,
        inputs: Sequence[bytes] | None,
        *,
        workdir: Path,
        time_limit_s: float,
    ) -> Execution: ...


@dataclass(frozen=True)
class Run:
    """N runs of the network in one simulation.

    outputs: uint8 [N, output bytes], as they came.  stack_bytes: the highest high-water mark of
    the network's own calls.  instructions, layers: of the first input (see `Counts`).
    """

    outputs: NDArray[np.uint8]
    stack_bytes: int
    instructions: int
    instructions_exact: bool
    layers: dict[int, int] | None
    machine: str
    log: Path
