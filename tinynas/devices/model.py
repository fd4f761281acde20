"""Device, memory regions and budget: what a network has to fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
FPUS = ("fpv4-sp-d16", "fpv5-sp-d16", "fpv5-d16")
_BLOCK_BYTES = 1024
HARNESS_SRAM_BYTES = 512
"""What the firmware around the network needs of SRAM at most: its own frames, and alignment."""


class MemoryKind(StrEnum):
    FLASH = "flash"
    SRAM = "sram"


class UartModel(StrEnum):
    """The register layout of a UART: that of F1 and F4, that of F7, H7, G0, L4 and L5, Arm's CMSDK,
    Nordic's nRF51."""

    STM32F4 = "stm32f4"
    STM32F7 = "stm32f7"
    CMSDK = "cmsdk"
    NRF51 = "nrf51"


@dataclass(frozen=True)
class Budget:
    """What the network's own library may use.

    Bytes; `macs` are those of the network computed once, whatever its schedule recomputes beside;
    `latency_ms` is held against an estimate, see `tinynas.cost.latency`.
    """

    sram_bytes: int
    flash_bytes: int
    macs: int | None = None
    latency_ms: float | None = None

    def __post_init__(self) -> None:
        for name in ("sram_bytes", "flash_bytes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.macs is not None and self.macs <= 0:
            raise ValueError(f"macs must be positive, got {self.macs}")
        if self.latency_ms is not None and not self.latency_ms > 0:
            raise ValueError(f"latency_ms must be positive, got {self.latency_ms}")


@dataclass(frozen=True)
class MemoryRegion:
    """One contiguous memory as the datasheet maps it; adjoining banks are one region.

    `banks` says which, in the datasheet's names; `dma` whether the DMA controllers reach all of it.
    """

    name: str
    kind: MemoryKind
    address: int
    bytes: int
    banks: str = ""
    dma: bool = True

    def __post_init__(self) -> None:
        if self.bytes <= 0 or self.address < 0 or self.address % 4 or self.bytes % 1024:
            raise ValueError(
                f"memory region {self.name}: address {self.address:#x} must be a multiple of 4 and "
                f"size {self.bytes} a positive multiple of 1024"
            )
        if self.end > 1 << 32:
            raise ValueError(f"memory region {self.name}: ends beyond the 32-bit address space")

    @property
    def end(self) -> int:
        return self.address + self.bytes


@dataclass(frozen=True)
class FlashTiming:
    """How long the flash takes at the device's clock, of the reference manual.

    `wait_states` is what a read waits beyond its cycle; `line_bytes` what one read brings;
    `cache_bytes` what of the constants stays at hand (the core's data cache, or that of the flash).
    """

    wait_states: int
    line_bytes: int
    cache_bytes: int

    def __post_init__(self) -> None:
        if self.wait_states < 0 or self.line_bytes <= 0 or self.cache_bytes < 0:
            raise ValueError(
                f"flash timing: {self.wait_states} wait states, lines of {self.line_bytes} bytes, "
                f"a cache of {self.cache_bytes}; none may be negative, and lines hold something"
            )


@dataclass(frozen=True)
class Uart:
    """The serial port that the firmware reports on; `clock_hz` feeds it after reset."""

    name: str
    model: UartModel
    address: int
    irq: int
    clock_hz: int


@dataclass(frozen=True)
class RegisterWrite:
    """`*address = (*address & ~clear) | set`: one step of getting clocks and pins ready."""

    address: int
    set: int
    clear: int = 0


@dataclass(frozen=True)
class SimulatorNames:
    """What each simulator calls the part's pieces; None where it has nothing that fits.

    `qemu_machine` is a machine whose memory map holds the part's (it may be larger), so that the
    part's own ELF runs on it.
    """

    renode_uart: str | None = None
    qemu_machine: str | None = None


@dataclass(frozen=True)
class Device:
    """A microcontroller part.

    `uart_setup` switches on what the UART needs (clocks, pins) from the state after reset.
    `flash_timing` is for estimates of latency; None: not known.

    Raises:
        ValueError: a field is impossible (overlapping regions, unknown core, no flash or SRAM).
    """

    name: str
    order_codes: tuple[str, ...]
    core: str
    fpu: str | None
    clock_hz: int
    regions: tuple[MemoryRegion, ...]
    uart: Uart
    uart_setup: tuple[RegisterWrite, ...]
    simulators: SimulatorNames
    datasheet: str = field(compare=False)
    flash_timing: FlashTiming | None = None

    def __post_init__(self) -> None:
        if self.core not in CORES:
            raise ValueError(f"device {self.name}: core {self.core!r} is not one of {CORES}")
        if self.fpu is not None and self.fpu not in FPUS:
            raise ValueError(f"device {self.name}: fpu {self.fpu!r} is not one of {FPUS}")
        if self.clock_hz <= 0 or self.uart.clock_hz <= 0:
            raise ValueError(f"device {self.name}: a clock must be above 0 Hz")
        for kind in MemoryKind:
            if not any(r.kind is kind for r in self.regions):
                raise ValueError(f"device {self.name}: has no {kind} region")
        if len({r.name for r in self.regions}) != len(self.regions):
            raise ValueError(f"device {self.name}: two memory regions share a name")
        ordered = sorted(self.regions, key=lambda r: r.address)
        for low, high in pairwise(ordered):
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

    @property
    def usable_sram_bytes(self) -> int:
        """What a network may take, stack included, of the largest region under our firmware."""
        return self.largest(MemoryKind.SRAM).bytes - HARNESS_SRAM_BYTES

    @property
    def setup_blocks(self) -> tuple[int, ...]:
        """Addresses of the 1 KiB register blocks that `uart_setup` touches, in order."""
        return tuple(sorted({w.address // _BLOCK_BYTES * _BLOCK_BYTES for w in self.uart_setup}))
