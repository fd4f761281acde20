"""What was promised against what the simulated device did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.build import Firmware, Toolchain, build_firmware, find_toolchain
from tinynas.cost import memory_cost
from tinynas.cost.layout import constant_bytes
from tinynas.devices import Device, load_device
from tinynas.emit import Bundle, load_bundle
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import op_macs
from tinynas.graph.rows import run_rows
from tinynas.schedule import Schedule
from tinynas.simulate.model import Run, Simulator
from tinynas.simulate.run import DEFAULT_TIME_LIMIT_S, find_simulator, simulate

_SUMMARY = (
    "simulator",
    "device",
    "vectors",
    "mismatched_bytes",
    "instructions",
    "instructions_per_mac",
    "sram_bytes",
    "flash_bytes",
    "layers",
)


def live_bytes(schedule: Schedule, op: int) -> int:
    """Bytes of the arena that hold something while an op runs; shared ones count once."""
    spans = sorted((b.offset, b.end) for b in schedule.buffers if b.first <= op <= b.last)
    total, reached = 0, 0
    for start, end in spans:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


@dataclass(frozen=True)
class Measurement:
    """A bundle's firmware, executed.

    Outputs are compared with the integer reference, run on the bundle's graph here; the expected
    outputs that the bundle carries are not looked at.  SRAM and flash are those of the network's
    own library: arena, static data and context as linked, and the stack's high-water mark.
    """

    bundle: Bundle
    firmware: Firmware
    simulator: str
    run: Run
    mismatched_bytes: int

    @property
    def linked_bytes(self) -> int:
        return self.firmware.arena_bytes + self.firmware.static_bytes

    @property
    def sram_bytes(self) -> int:
        return self.linked_bytes + self.run.stack_bytes

    @property
    def predicted(self) -> dict[str, int]:
        """What was promised, for the compiler that built: the bundle's own, or worked out anew."""
        promised: dict[str, Any] = self.bundle.description["predicted"]
        compiler = self.firmware.compiler.split()[0]
        if promised.get("compiler") == compiler:
            return {key: promised[key] for key in ("sram_bytes", "flash_bytes")}
        core = str(self.bundle.description["core"])
        cost = memory_cost(self.bundle.graph, self.bundle.schedule, core, compiler)
        return {"sram_bytes": cost.sram_bytes, "flash_bytes": cost.flash_bytes}

    def to_json(self) -> dict[str, Any]:
        """Bytes and simulated instructions; those are of the first input (see `Run`)."""
        predicted = self.predicted
        macs = self.bundle.graph.macs
        return {
            "simulator": self.simulator,
            "machine": self.run.machine,
            "device": self.bundle.device,
            "linked_for": self.firmware.device.name,
            "compiler": self.firmware.compiler,
            "vectors": len(self.run.outputs),
            "mismatched_bytes": self.mismatched_bytes,
            "instructions": self.run.instructions,
            "instructions_exact": self.run.instructions_exact,
            "instructions_per_mac": self.run.instructions / macs if macs else None,
            "sram_bytes": {
                "predicted": predicted["sram_bytes"],
                "linked": self.linked_bytes,
                "stack": self.run.stack_bytes,
                "measured": self.sram_bytes,
            },
            "flash_bytes": {
                "predicted": predicted["flash_bytes"],
                "measured": self.firmware.flash_bytes,
                "code": self.firmware.code_bytes,
                "constants": self.firmware.constant_bytes,
                "harness": self.firmware.harness_flash_bytes,
                "vectors": self.firmware.vector_flash_bytes,
            },
            "layers": self._layers(),
        }

    def summary(self) -> dict[str, Any]:
        """What `tinynas validate --json` prints: `to_json` without what reports add to it."""
        whole = self.to_json()
        parts = {"sram_bytes": None, "flash_bytes": ("predicted", "measured")}
        shown = {key: whole[key] for key in _SUMMARY}
        for key, kept in parts.items():
            shown[key] = {k: v for k, v in whole[key].items() if kept is None or k in kept}
        return shown

    def _layers(self) -> list[dict[str, Any]]:
        """Instructions are None where the simulator cannot stop at marks (QEMU)."""
        counts = self.run.layers or {}
        graph, schedule = self.bundle.graph, self.bundle.schedule
        return [
            {
                "index": i,
                "name": op.name,
                "kind": op.kind,
                "macs": op_macs(graph, op),
                "instructions": counts.get(i),
                "sram_bytes": live_bytes(schedule, i),
                "flash_bytes": constant_bytes(graph, op).total,
            }
            for i, op in enumerate(graph.ops)
        ]


def validate(
    bundle: Bundle | Path | str,
    *,
    simulator: str | None = None,
    toolchain: str | None = None,
    limit: int | None = None,
    inputs: NDArray[np.int8] | None = None,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
) -> Measurement:
    """Builds a bundle's firmware, runs its test vectors on a simulator and measures.

    Args:
        simulator: its name; the preferred one of those installed if None.
        toolchain: likewise.
        limit: only that many of the bundle's vectors.
        inputs: these, as `Vectors` has them, instead of the bundle's vectors.
        time_limit_s: for the simulation, seconds of wall clock.

    Raises:
        InvalidInputError: no bundle, or a name that is not known.
        MissingToolError: a tool that is not installed.
        BuildError, SimulationError: what went wrong, with the log.
    """
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    chosen = find_simulator(simulator)
    firmware = _build(
        loaded, _target(chosen, load_device(loaded.device)), find_toolchain(toolchain)
    )
    if inputs is None and limit is not None:
        inputs = loaded.vectors.inputs[:limit]
    return measure(
        loaded, firmware, simulator=chosen.name, inputs=inputs, time_limit_s=time_limit_s
    )


def firmware_for(
    bundle: Bundle, *, simulator: str | None = None, toolchain: str | None = None
) -> Firmware:
    """Firmware of a bundle that runs on a simulator: for the bundle's device, or a stand-in.

    Raises:
        See `validate`.
    """
    target = _target(find_simulator(simulator), load_device(bundle.device))
    return _build(bundle, target, find_toolchain(toolchain))


def measure(
    bundle: Bundle,
    firmware: Firmware,
    *,
    simulator: str | None = None,
    inputs: NDArray[np.int8] | None = None,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    workdir: Path | None = None,
) -> Measurement:
    """Runs firmware of `bundle` on `inputs` [N, ...], by default the bundle's vectors.

    A simulator that has no machine with the device's memory map gets firmware that is linked again
    for one with the same core; the measurement says so.

    Raises:
        See `validate`.
    """
    chosen = find_simulator(simulator)
    target = _target(chosen, firmware.device)
    if target != firmware.device:
        firmware = _build(bundle, target, find_toolchain(firmware.compiler.split()[0]))
    rows = bundle.vectors.inputs if inputs is None else inputs
    from_flash = inputs is None and firmware.vector_flash_bytes > 0
    done = simulate(
        firmware,
        simulator=chosen.name,
        inputs=None if from_flash else rows,
        time_limit_s=time_limit_s,
        workdir=workdir,
    )
    wanted = run_rows(bundle.graph, rows).view(np.uint8)
    if wanted.shape != done.outputs.shape:
        raise InvalidInputError(
            f"the firmware gave {done.outputs.shape[0]} outputs of {done.outputs.shape[1]} bytes, "
            f"the bundle's graph {wanted.shape[0]} of {wanted.shape[1]}",
            field="bundle",
            given=list(done.outputs.shape),
            allowed=list(wanted.shape),
        )
    mismatched = int(np.count_nonzero(wanted != done.outputs))
    return Measurement(bundle, firmware, chosen.name, done, mismatched)


def _target(simulator: Simulator, device: Device) -> Device:
    target = simulator.target(device)
    if target is None:
        raise InvalidInputError(
            f"{simulator.name} has no machine for {device.name} ({device.core})",
            field="simulator",
            given=simulator.name,
            allowed="another simulator",
        )
    return target


def _build(bundle: Bundle, device: Device, toolchain: Toolchain) -> Firmware:
    folder = bundle.path / "build" / f"{device.name.lower()}-{toolchain.name}"
    return build_firmware(bundle.path, device, toolchain, folder)
