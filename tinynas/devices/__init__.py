"""The catalogue of microcontrollers, and what a network has to fit on one."""

from tinynas.devices.catalogue import device_names, devices, load_device, stand_in
from tinynas.devices.files import parse_catalogue
from tinynas.devices.model import (
    Budget,
    Device,
    MemoryKind,
    MemoryRegion,
    RegisterWrite,
    SimulatorNames,
    Uart,
    UartModel,
)

__all__ = [
    "Budget",
    "Device",
    "MemoryKind",
    "MemoryRegion",
    "RegisterWrite",
    "SimulatorNames",
    "Uart",
    "UartModel",
    "device_names",
    "devices",
    "load_device",
    "parse_catalogue",
    "stand_in",
]
