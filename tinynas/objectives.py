"""By which engine a search goes, and for what: known without torch, so that a wrong name is refused
before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from tinynas.errors import InvalidInputError

EngineName: TypeAlias = Literal["tpe", "nsga2", "nsga3", "random", "evolution", "predicted"]
DEFAULT_ENGINE = "tpe"
ENGINES: Mapping[str, bool] = {
    "tpe": True,
    "nsga2": True,
    "nsga3": True,
    "random": True,
    "evolution": False,
    "predicted": False,
}
"""Whether an engine takes several objectives; the others climb accuracy alone."""
OBJECTIVES: Mapping[str, Literal["maximize", "minimize"]] = {
    "accuracy": "maximize",
    "sram": "minimize",
    "flash": "minimize",
    "macs": "minimize",
    "latency": "minimize",
}
"""What can be optimised, and which way; accuracy always is."""
ACCURACY = ("accuracy",)


def check_engine(engine: str | None, objectives: Sequence[str]) -> None:
    """Whether an engine (None: the default) searches for these objectives.

    Raises:
        InvalidInputError: no such engine; an objective that is unknown or there twice, or accuracy
            not first; an engine of one objective for several.
    """
    engine = DEFAULT_ENGINE if engine is None else engine
    if engine not in ENGINES:
        raise InvalidInputError(
            f"no search engine is called {engine!r}; known are {', '.join(ENGINES)}",
            field="engine",
            given=engine,
            allowed=list(ENGINES),
        )
    known = set(objectives) <= set(OBJECTIVES) and len(set(objectives)) == len(objectives)
    if not known or not objectives or objectives[0] != "accuracy":
        raise InvalidInputError(
            f"objectives are {', '.join(objectives) or 'none'}; allowed is accuracy, then any of "
            f"{', '.join(list(OBJECTIVES)[1:])}",
            field="objectives",
            given=list(objectives),
            allowed=list(OBJECTIVES),
        )
    if len(objectives) > 1 and not ENGINES[engine]:
        many = [name for name, several in ENGINES.items() if several]
        raise InvalidInputError(
            f"engine {engine!r} climbs accuracy alone; for {', '.join(objectives)} take one of "
            f"{', '.join(many)}",
            field="engine",
            given=engine,
            allowed=many,
        )


def parse_objectives(given: object) -> tuple[str, ...]:
    """`accuracy,sram`, or a list of names; None is accuracy alone.

    Raises:
        InvalidInputError: it is something else; `check_engine` says whether the names are known.
    """
    if given is None:
        return ACCURACY
    if isinstance(given, str):
        return tuple(part.strip() for part in given.split(","))
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise InvalidInputError(
            f"objectives is {given!r}; allowed is a list, or text with commas, of "
            f"{', '.join(OBJECTIVES)}",
            field="objectives",
            given=given,
            allowed=list(OBJECTIVES),
        )
    return tuple(given)
