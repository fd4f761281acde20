"""The catalogue of microcontrollers, and what a network has to fit on one."""

from tinynas.devices.catalogue import device_names, devices, load_device, stand_in
from tinynas.devices.files import parse_catalogue
from tinynas.devices.model import (
    HARNESS_SRAM_BYTES,
    Budget,
    Device,
    FlashTiming,
    MemoryKind,
    MemoryRegion,
    RegisterWrite,
    SimulatorNames,
    Uart,
    UartModel,
)

__all__ = [
    "HARNESS_SRAM_BYTES",
    "Budget",
    "Device",
    "FlashTiming",
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
