"""Running firmware on simulated devices, one interface over Renode, Unicorn and QEMU."""

from tinynas.simulate.doctor import Tool, doctor
from tinynas.simulate.execute import bundle_outputs, flattened, output_names, run_bundle
from tinynas.simulate.measure import Measurement, firmware_for, measure, validate
from tinynas.simulate.model import Counts, Execution, Run, Simulator
from tinynas.simulate.run import find_simulator, simulate, simulator_names, simulators

__all__ = [
    "Counts",
    "Execution",
    "Measurement",
    "Run",
    "Simulator",
    "Tool",
    "bundle_outputs",
    "doctor",
    "find_simulator",
    "firmware_for",
    "flattened",
    "measure",
    "output_names",
    "run_bundle",
    "simulate",
    "simulator_names",
    "simulators",
    "validate",
]
