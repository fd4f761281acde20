"""Running firmware on a simulator, and reading what it reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.build import Firmware
from tinynas.errors import InvalidInputError, MissingToolError, SimulationError
from tinynas.simulate.model import Execution, Run, Simulator
from tinynas.simulate.process import last_lines
from tinynas.simulate.protocol import Report, complaint
from tinynas.simulate.qemu import Qemu
from tinynas.simulate.renode import Renode
from tinynas.simulate.unicorn_cpu import Unicorn

ALL_SIMULATORS: tuple[Simulator, ...] = (Renode(), Unicorn(), Qemu())
"""The preferred one first."""

DEFAULT_TIME_LIMIT_S = 600.0


def simulator_names() -> list[str]:
    """Every simulator there is, installed or not."""
    return [s.name for s in ALL_SIMULATORS]


def simulators() -> list[Simulator]:
    """Those installed, the preferred one first."""
    return [s for s in ALL_SIMULATORS if s.found() is not None]


def find_simulator(name: str | None = None) -> Simulator:
    """The simulator of that name, or the preferred one of those installed.

    Raises:
        InvalidInputError: no simulator has that name.
        MissingToolError: it is not installed; says how to install it.
    """
    if name is None:
        return simulators()[0]
    for simulator in ALL_SIMULATORS:
        if simulator.name == name.lower():
            if simulator.found() is None:
                raise MissingToolError(simulator.name, simulator.remedy)
            return simulator
    raise InvalidInputError(
        f"unknown simulator {name!r}; allowed are {', '.join(simulator_names())}",
        field="simulator",
        given=name,
        allowed=simulator_names(),
    )


def simulate(
    firmware: Firmware,
    *,
    simulator: str | None = None,
    inputs: NDArray[np.generic] | None = None,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    workdir: Path | None = None,
) -> Run:
    """Runs the network in the firmware on every vector in flash, or on `inputs` [N, ...].

    Inputs go in as their bytes lie.  The log is kept in `workdir`, beside the ELF if None.

    Raises:
        InvalidInputError: unknown simulator, no vectors in flash, inputs of the wrong size.
        MissingToolError: the simulator is not installed.
        SimulationError: a hang, a fault, an access outside the memory map; names the log.
    """
    chosen = find_simulator(simulator)
    folder = (workdir or firmware.elf.parent).resolve()
    log = folder / f"{chosen.name}.log"
    rows = None if inputs is None else [row.tobytes() for row in np.ascontiguousarray(inputs)]
    wrong_size = next((len(r) for r in rows or () if len(r) != firmware.input_bytes), None)
    if wrong_size is not None:
        raise InvalidInputError(
            f"inputs of {wrong_size} bytes; the network takes {firmware.input_bytes}",
            field="inputs",
            given=wrong_size,
            allowed=firmware.input_bytes,
        )
    if inputs is None and not firmware.vector_flash_bytes:
        raise InvalidInputError(
            "the firmware holds no test vectors; inputs have to be given", field="inputs"
        )
    report = Report()
    try:
        execution = chosen.execute(firmware, rows, workdir=folder, time_limit_s=time_limit_s)
        report.feed(execution.report)
        return _run(firmware, report, execution, inputs, log)
    except SimulationError as error:
        text = "\n".join(t for t in (error.log, last_lines(log)) if t)
        raise SimulationError(
            f"{chosen.name}: {error.message} (log: {log})", log=text, log_path=str(log)
        ) from error


def _run(
    firmware: Firmware,
    report: Report,
    execution: Execution,
    inputs: NDArray[np.generic] | None,
    log: Path,
) -> Run:
    problem = complaint(report, firmware.image)
    if problem is not None:
        raise SimulationError(problem)
    ready = report.ready
    if ready is None or report.done is None or report.done != len(report.outputs):
        raise SimulationError("the firmware's report is not whole")
    expected = ready.vectors if inputs is None else len(inputs)
    if len(report.outputs) != expected:
        raise SimulationError(f"the firmware ran {len(report.outputs)} of {expected} inputs")
    if execution.counts is None:
        raise SimulationError("the simulator counted no instructions")
    data = b"".join(o.data for o in report.outputs)
    return Run(
        outputs=np.frombuffer(data, np.uint8).reshape(expected, ready.output_bytes),
        stack_bytes=max(o.stack_bytes for o in report.outputs),
        instructions=execution.counts.total,
        instructions_exact=execution.counts.exact,
        layers=execution.counts.layers,
        machine=execution.machine,
        log=log,
    )
