"""Running firmware on simulated devices, one interface over Renode, Unicorn and QEMU."""

from tinynas.simulate.model import Counts, Execution, Run, Simulator
from tinynas.simulate.run import find_simulator, simulate, simulator_names, simulators

__all__ = [
    "Counts",
    "Execution",
    "Run",
    "Simulator",
    "find_simulator",
    "simulate",
    "simulator_names",
    "simulators",
]
