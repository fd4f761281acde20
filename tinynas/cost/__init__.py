"""What networks cost: bytes of SRAM and flash, one by one and as whole populations."""

from tinynas.cost.code import DEFAULT_COMPILER, CodeSizes, code_sizes
from tinynas.cost.ir import KernelCost, MemoryCost
from tinynas.cost.memory import kernel_cost, memory_cost

__all__ = [
    "DEFAULT_COMPILER",
    "CodeSizes",
    "KernelCost",
    "MemoryCost",
    "code_sizes",
    "kernel_cost",
    "memory_cost",
]
