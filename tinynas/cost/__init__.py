"""What networks cost: bytes of SRAM and flash, one by one and as whole populations."""

from tinynas.cost.cheapest import Cheapest, cheapest_schedules, stream_segments
from tinynas.cost.code import DEFAULT_COMPILER, CodeSizes, code_sizes
from tinynas.cost.fastest import fastest
from tinynas.cost.instructions import check_timings, has_timings
from tinynas.cost.ir import KernelCost, MemoryCost
from tinynas.cost.latency import LatencyEstimate, estimate_latency
from tinynas.cost.memory import kernel_cost, memory_cost
from tinynas.cost.population import Population
from tinynas.cost.tables import Tables
from tinynas.cost.variants import with_variants

__all__ = [
    "DEFAULT_COMPILER",
    "Cheapest",
    "CodeSizes",
    "KernelCost",
    "LatencyEstimate",
    "MemoryCost",
    "Population",
    "Tables",
    "cheapest_schedules",
    "check_timings",
    "code_sizes",
    "estimate_latency",
    "fastest",
    "has_timings",
    "kernel_cost",
    "memory_cost",
    "stream_segments",
    "with_variants",
]
