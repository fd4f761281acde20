"""The steps that deploy: schedule, C bundle, firmware, simulated run."""

from __future__ import annotations

import numpy as np

from tinynas.build import Firmware, build_firmware, find_toolchain
from tinynas.emit import MIN_VECTORS, Bundle, Vectors, load_bundle
from tinynas.errors import SimulationError
from tinynas.graph.ir import Graph
from tinynas.pipeline.compiling import vectors_of, write_bundle
from tinynas.pipeline.files import read_json, write_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.quantising import load_quantised
from tinynas.pipeline.searching import feasibility_of
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.quantise import int8_input
from tinynas.request import JobRequest
from tinynas.schedule import Schedule
from tinynas.simulate import find_simulator, measure
from tinynas.spaces import Architecture, Subspace

NAME = "network"
"""The prefix of the generated C."""

_PLANNING = ("cost", "devices", "schedule", "search")


def schedule_winner(
    job: Job, subspace: Subspace, architecture: Architecture
) -> tuple[StepOutput, Schedule]:
    """The schedule by which the winner fits: `schedule.json`."""

    def work(step: Workspace) -> None:
        schedule = feasibility_of(job, subspace).plan(architecture).schedule
        write_json(step.out / "schedule.json", schedule.to_json())

    inputs = job.key(
        **job.budget_key(), architecture=list(architecture.row), subspace=repr(subspace)
    )
    output = job.steps.run("schedule", inputs, work, rooms=_PLANNING)
    return output, Schedule.from_json(read_json(output.path / "schedule.json"))


def emit_bundle(
    job: Job, quantised: StepOutput, scheduled: StepOutput, schedule: Schedule
) -> tuple[StepOutput, Bundle]:
    """The C project, with images of the test split as its vectors: `bundle/`."""

    def work(step: Workspace) -> None:
        graph = load_quantised(quantised)
        vectors = _vectors(job, graph)
        write_bundle(
            graph,
            schedule,
            job.device,
            job.budget,
            vectors,
            step.out / "bundle",
            name=NAME,
            info={"dataset": job.dataset.name, "classes": list(job.dataset.classes)},
        )

    inputs = job.key(**job.budget_key(), graph=quantised.key, schedule=scheduled.key)
    output = job.steps.run("emit", inputs, work, rooms=(*_PLANNING, "build", "emit", "graph"))
    return output, load_bundle(output.path / "bundle")


def _vectors(job: Job, graph: Graph) -> Vectors:
    """Test images and their outputs.

    A small test split is gone through again until there are enough.
    """
    resolution = graph.tensors[graph.inputs[0]].shape[1]
    split = job.dataset.test.take(np.arange(MIN_VECTORS) % len(job.dataset.test))
    inputs = int8_input(split.at(resolution).images)
    return vectors_of(graph, inputs)


def build(job: Job, emitted: StepOutput, bundle: Bundle) -> tuple[StepOutput, Firmware]:
    """The ELF for the part: `firmware.elf`."""
    toolchain = find_toolchain()

    def work(step: Workspace) -> None:
        build_firmware(bundle.path, job.device, toolchain, step.out)

    inputs = {"bundle": emitted.key, "compiler": toolchain.label}
    output = job.steps.run("build", inputs, work, rooms=("build", "devices"))
    elf = output.path / "firmware.elf"
    return output, Firmware(elf, output.path / "firmware.map", job.device, toolchain.label)


def simulate_run(job: Job, built: StepOutput, firmware: Firmware, bundle: Bundle) -> StepOutput:
    """Every vector through the simulated part: `measurement.json` and the simulator's log."""
    simulator = find_simulator(job.request.simulator)

    def work(step: Workspace) -> None:
        measurement = measure(bundle, firmware, simulator=simulator.name, workdir=step.out)
        if measurement.mismatched_bytes:
            raise SimulationError(
                f"{simulator.name}: {measurement.mismatched_bytes} output bytes of "
                f"{measurement.run.outputs.size} differ from the integer reference; "
                "the bundle is not handed out",
                log=measurement.run.log.read_text(errors="replace"),
            )
        write_json(step.out / "measurement.json", measurement.to_json())

    inputs = {"build": built.key, "simulator": simulator.name}
    return job.steps.run("simulate", inputs, work, rooms=("build", "devices", "simulate"))


def check_tools(request: JobRequest) -> None:
    """Whether the job could be built and simulated, asked before it is trained.

    Raises:
        MissingToolError: says what to install.
    """
    find_toolchain()
    find_simulator(request.simulator)
