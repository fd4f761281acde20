"""Errors a person can act on: which field, what was given, what is allowed.

The command line prints them and exits with 2; the API turns them into RFC 9457 problem documents
with the same members.  Anything that is not a `TinynasError` is a defect of ours.
"""

from __future__ import annotations

from typing import Any


class TinynasError(Exception):
    """Something failed for a reason that can be named (exit code 1)."""

    exit_code = 1

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders, whatever arguments their classes take."""
        return _restore, (type(self), self.args, self.__dict__)


class InvalidInputError(TinynasError):
    """The request or its data are wrong (exit code 2, HTTP 422)."""

    exit_code = 2

    def __init__(
        self, message: str, *, field: str, given: Any = None, allowed: Any = None, **details: Any
    ) -> None:
        super().__init__(message, field=field, given=given, allowed=allowed, **details)
        self.field = field
        self.given = given
        self.allowed = allowed


class InfeasibleBudgetError(InvalidInputError):
    """No network of the space fits the budget; says the smallest budget that one would fit."""

    def __init__(
        self,
        message: str,
        *,
        field: str,
        required_bytes: int,
        budget_bytes: int,
        **details: Any,
    ) -> None:
        super().__init__(
            message,
            field=field,
            given=budget_bytes,
            allowed=f"at least {required_bytes} bytes",
            required_bytes=required_bytes,
            budget_bytes=budget_bytes,
            **details,
        )
        self.required_bytes = required_bytes
        self.budget_bytes = budget_bytes


class MissingToolError(TinynasError):
    """A program that a step needs is not installed; says the command that installs it."""

    def __init__(self, tool: str, remedy: str) -> None:
        super().__init__(f"{tool} is not installed: {remedy}", tool=tool, remedy=remedy)


class SimulationError(TinynasError):
    """A simulated run hung, faulted or left its memory map; `log` is the simulator's own."""

    def __init__(self, message: str, *, log: str = "", **details: Any) -> None:
        super().__init__(message, log=log, **details)
        self.log = log


class CancelledError(TinynasError):
    """The job was asked to stop, and stopped between two pieces of work."""


def _restore(kind: type[TinynasError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
