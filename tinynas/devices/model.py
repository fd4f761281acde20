"""Device, memory regions and budget: what a network has to fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

_CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")


class MemoryKind(StrEnum):
    FLASH = "flash"
    SRAM = "sram"


@dataclass(frozen=True)
class Budget:
    """What the network's own library may use (bytes; MACs of the network computed once)."""

    sram_bytes: int
    flash_bytes: int
    macs: int | None = None

    def __post_init__(self) -> None:
        for name in ("sram_bytes", "flash_bytes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.macs is not None and self.macs <= 0:
            raise ValueError(f"macs must be positive, got {self.macs}")


@dataclass(frozen=True)
class MemoryRegion:
    """One contiguous memory as the datasheet maps it."""

    name: str
    kind: MemoryKind
    address: int
    bytes: int
    dma: bool = True

    def __post_init__(self) -> None:
        if self.bytes <= 0 or self.address % 4 or self.bytes % 1024:
            raise ValueError(f"memory region {self.name}: impossible address or size")

    @property
    def end(self) -> int:
        return self.address + self.bytes


@dataclass(frozen=True)
class SimulatorNames:
    """What each simulator calls the part; None where it has no machine with this memory map."""

    renode_uart: str
    qemu_machine: str | None = None


@dataclass(frozen=True)
class Device:
    """A microcontroller part.

    Raises:
        ValueError: a field is impossible (overlapping regions, unknown core, no flash or SRAM).
    """

    name: str
    order_codes: tuple[str, ...]
    core: str
    fpu: str | None
    clock_hz: int
    regions: tuple[MemoryRegion, ...]
    uart_address: int
    simulators: SimulatorNames
    datasheet: str = field(compare=False)

    def __post_init__(self) -> None:
        if self.core not in _CORES:
            raise ValueError(f"device {self.name}: core {self.core!r} is not one of {_CORES}")
        for kind in MemoryKind:
            if not any(r.kind is kind for r in self.regions):
                raise ValueError(f"device {self.name}: has no {kind} region")
        ordered = sorted(self.regions, key=lambda r: r.address)
        for low, high in zip(ordered, ordered[1:], strict=False):
            if low.end > high.address:
                raise ValueError(f"device {self.name}: {low.name} and {high.name} overlap")

    @property
    def has_dsp(self) -> bool:
        """Whether the core has the DSP extension (SMLAD and friends)."""
        return self.core in ("cortex-m4", "cortex-m7", "cortex-m33")

    def largest(self, kind: MemoryKind) -> MemoryRegion:
        return max((r for r in self.regions if r.kind is kind), key=lambda r: r.bytes)

    @property
    def default_budget(self) -> Budget:
        """The largest contiguous SRAM region and the whole flash."""
        return Budget(self.largest(MemoryKind.SRAM).bytes, self.largest(MemoryKind.FLASH).bytes)
