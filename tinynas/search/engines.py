"""The engines by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from tinynas.errors import InvalidInputError
from tinynas.search.evolution import Evolution
from tinynas.search.predicted import PredictedEvolution
from tinynas.search.proposals import Proposer, nsga2, nsga3, tpe, uniform
from tinynas.spaces import SearchSpace

DEFAULT_ENGINE = "tpe"
_ENGINES: dict[str, Callable[[SearchSpace, int], Proposer]] = {
    "tpe": lambda space, evaluations: tpe(),  # noqa: ARG005
    "nsga2": lambda space, evaluations: nsga2(),  # noqa: ARG005
    "nsga3": lambda space, evaluations: nsga3(),  # noqa: ARG005
    "random": lambda space, evaluations: uniform(),  # noqa: ARG005
    "evolution": Evolution,
    "predicted": PredictedEvolution,
}
OBJECTIVES: dict[str, Literal["maximize", "minimize"]] = {
    "accuracy": "maximize",
    "sram": "minimize",
    "flash": "minimize",
    "macs": "minimize",
    "latency": "minimize",
}
"""What can be optimised, and which way; accuracy always is."""


def engine_names() -> list[str]:
    return list(_ENGINES)


def make_proposer(
    name: str, space: SearchSpace, *, evaluations: int, objectives: Sequence[str]
) -> Proposer:
    """The engine of that name for a search of `evaluations` networks.

    Raises:
        InvalidInputError: no such engine or objective, or an engine of one objective for several.
    """
    make = _ENGINES.get(name)
    if make is None:
        raise InvalidInputError(
            f"no search engine is called {name!r}; known are {', '.join(_ENGINES)}",
            field="engine",
            given=name,
            allowed=engine_names(),
        )
    check_objectives(objectives)
    proposer = make(space, evaluations)
    if proposer.single and len(objectives) > 1:
        many = [n for n, m in _ENGINES.items() if not m(space, evaluations).single]
        raise InvalidInputError(
            f"engine {name!r} climbs accuracy alone; for {', '.join(objectives)} take one of "
            f"{', '.join(many)}",
            field="engine",
            given=name,
            allowed=many,
        )
    return proposer


def check_objectives(objectives: Sequence[str]) -> None:
    """Raises: InvalidInputError: an unknown one, one twice, or not accuracy first."""
    known = set(objectives) <= set(OBJECTIVES) and len(set(objectives)) == len(objectives)
    if not known or not objectives or objectives[0] != "accuracy":
        raise InvalidInputError(
            f"objectives are {', '.join(objectives) or 'none'}; allowed is accuracy, then any of "
            f"{', '.join(list(OBJECTIVES)[1:])}",
            field="objectives",
            given=list(objectives),
            allowed=list(OBJECTIVES),
        )
