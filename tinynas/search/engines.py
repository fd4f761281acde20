"""The engines by name (`tinynas.objectives` says what each takes)."""

from __future__ import annotations

from collections.abc import Callable

from tinynas.search.evolution import Evolution
from tinynas.search.predicted import PredictedEvolution
from tinynas.search.proposals import Proposer, nsga2, nsga3, tpe, uniform
from tinynas.spaces import SearchSpace

_ENGINES: dict[str, Callable[[SearchSpace, int], Proposer]] = {
    "tpe": lambda space, evaluations: tpe(),  # noqa: ARG005
    "nsga2": lambda space, evaluations: nsga2(),  # noqa: ARG005
    "nsga3": lambda space, evaluations: nsga3(),  # noqa: ARG005
    "random": lambda space, evaluations: uniform(),  # noqa: ARG005
    "evolution": Evolution,
    "predicted": PredictedEvolution,
}


def make_proposer(name: str, space: SearchSpace, evaluations: int) -> Proposer:
    """The engine of that name for a search of `evaluations` networks."""
    return _ENGINES[name](space, evaluations)
