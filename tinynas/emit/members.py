"""What a descriptor is written from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from tinynas.schedule import Schedule

Members: TypeAlias = Mapping[str, Any]
"""Members of a C struct in order: numbers, names, lists, or further members."""

CONSTANTS = "constants"
"""The member that points to an op's words of constants; named where the array is written."""


def offset_of(schedule: Schedule, name: str) -> int:
    """Where a tensor begins in the arena."""
    return schedule.buffer_of(name).offset


def ends_of(schedule: Schedule, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Members:
    """The offsets of an op's first input and output."""
    return {"input": offset_of(schedule, inputs[0]), "output": offset_of(schedule, outputs[0])}
