"""Everything in a model that cannot be compiled, told at once."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.errors import InvalidInputError

_LISTED = 20
_KEPT = 1000


@dataclass(frozen=True)
class Problem:
    """What is wrong and where: an operator by number and name, or one of the model's edges."""

    place: str
    what: str
    computes_in_float: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class Problems:
    """Collects problems while a model is read."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._count = 0

    def add(self, problem: Problem) -> None:
        self._count += 1
        if len(self._found) < _KEPT:
            self._found.append(problem)

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_any(self) -> None:
        """Raises:
        InvalidInputError: there was a problem; `problems` in its details lists up to 1,000.
        """
        if not self._found:
            return
        listed = [f"\n  - {p}" for p in self._found[:_LISTED]]
        if self._count > len(listed):
            listed.append(f"\n  - and {self._count - len(listed)} more")
        raise InvalidInputError(
            f"model: {self._headline()}:{''.join(listed)}",
            field="model",
            given=str(self._found[0]),
            allowed="a model whose operators all compute in int8",
            problems=[str(p) for p in self._found],
        )

    def _headline(self) -> str:
        if all(p.computes_in_float for p in self._found):
            return (
                "it computes in floating point, quantise it to int8 with ranges for its "
                f"activations first ({self._count} operators)"
            )
        things = "1 thing in it" if self._count == 1 else f"{self._count} things in it"
        return f"{things} cannot be compiled"
