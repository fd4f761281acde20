"""What a kernel costs: the one place where planner, search and emitter learn it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KernelCost:
    """The price of one op in one kind of segment by one kernel variant.

    flash_bytes: weights as that variant stores them, requantisation constants and its descriptor
    (the kernel's code is shared between ops and counted once, see `CodeSize`).
    scratch_bytes: SRAM beside its input and output while it runs.
    """

    variant: str
    flash_bytes: int
    scratch_bytes: int
    instructions: int | None = None
    cycles: int | None = None


@dataclass(frozen=True)
class MemoryCost:
    """SRAM and flash of a whole network as the memory contract counts them (bytes).

    SRAM: arena (input, output and scratch included), the generated code's static data, stack.
    Flash: constants (weights, requantisation, descriptors) and code of the network's library.
    """

    arena_bytes: int
    static_bytes: int
    stack_bytes: int
    constant_bytes: int
    code_bytes: int

    @property
    def sram_bytes(self) -> int:
        return self.arena_bytes + self.static_bytes + self.stack_bytes

    @property
    def flash_bytes(self) -> int:
        return self.constant_bytes + self.code_bytes
