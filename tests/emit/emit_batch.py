"""The batches of `benchmarks.host_batch`, by the name that the tests of this room know."""

from benchmarks.host_batch import (
    FACTS,
    SANITISERS,
    WARNINGS,
    Case,
    case_of,
    compile_program,
    kernel_texts,
    run_cases,
    truncated,
    with_all_outputs,
)

__all__ = [
    "FACTS",
    "SANITISERS",
    "WARNINGS",
    "Case",
    "case_of",
    "compile_program",
    "kernel_texts",
    "run_cases",
    "truncated",
    "with_all_outputs",
]
