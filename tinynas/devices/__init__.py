"""The catalogue of microcontrollers, and what a network has to fit on one."""

from tinynas.devices.model import Budget, Device, MemoryKind, MemoryRegion, SimulatorNames

__all__ = ["Budget", "Device", "MemoryKind", "MemoryRegion", "SimulatorNames"]
