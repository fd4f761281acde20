"""Values of a YAML file with the place that each comes from, and refusals that name it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from tinynas.errors import InvalidInputError

_LOADER = yaml.SafeLoader


@dataclass(frozen=True)
class Place:
    """A node of a file: `source` names the file, `path` the way to the node (`stages[0].depths`).

    Every method that reads a value raises InvalidInputError where it is not what is asked for, with
    file, line, path, value and what is allowed.
    """

    source: str
    path: str
    node: yaml.Node

    @classmethod
    def of_text(cls, text: str, *, source: str, path: str) -> Place:
        """The root; `path` is what a refusal of the whole names.

        Raises:
            InvalidInputError: it is not YAML; says where.
        """
        try:
            node = yaml.compose(text, Loader=_LOADER)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            problem = getattr(error, "problem", None) or error
            raise InvalidInputError(
                f"{source}{line}: not YAML: {problem}", field=path, allowed="YAML"
            ) from error
        return cls(source, path, node or yaml.ScalarNode("tag:yaml.org,2002:null", ""))

    @property
    def value(self) -> Any:
        """As plain Python."""
        loader = _LOADER("")
        try:
            return loader.construct_document(self.node)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or error
            raise self.wrong("values that can be read", f"{problem}") from error
        finally:
            loader.dispose()

    def wrong(self, allowed: Any, given: Any = None) -> InvalidInputError:
        """The refusal of this place's value."""
        given = self.value if given is None else given
        line = f", line {self.node.start_mark.line + 1}" if self.node.start_mark else ""
        return InvalidInputError(
            f"{self.source}{line}: {self.path} is {_short(given)}; allowed is {allowed}",
            field=self.path,
            given=given,
            allowed=allowed,
        )

    def members(
        self, required: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, Place]:
        """The members of a mapping that has all of `required` and none but these and `optional`."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(f"a mapping with {', '.join(sorted(required))}")
        root = self.path if "." in self.path or "[" in self.path else ""
        found: dict[str, Place] = {}
        for key_node, node in self.node.value:
            key = str(getattr(key_node, "value", ""))
            place = Place(self.source, f"{root}.{key}".lstrip("."), node)
            if key in found:
                raise Place(self.source, place.path, key_node).wrong("given once")
            if key not in {*required, *optional}:
                raise Place(self.source, self.path, key_node).wrong(
                    f"members {', '.join(sorted({*required, *optional}))}", key
                )
            found[key] = place
        missing = sorted(set(required) - set(found))
        if missing:
            raise self.wrong(f"a mapping with {', '.join(missing)} too", sorted(found))
        return found

    def items(self) -> list[Place]:
        """The items of a list of one or more."""
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            raise self.wrong("a list of one or more")
        return [
            Place(self.source, f"{self.path}[{i}]", node) for i, node in enumerate(self.node.value)
        ]

    def text(self) -> str:
        value = self.value
        if not isinstance(value, (str, int, float)) or not str(value).strip():
            raise self.wrong("text")
        return str(value)

    def one_of(self, allowed: Collection[str]) -> str:
        value = self.value
        if value not in allowed:
            raise self.wrong(list(allowed))
        return str(value)

    def number(self, most: float) -> float:
        """A number above 0 up to `most`."""
        value = self.value
        ok = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not ok or not 0 < value <= most:
            raise self.wrong(f"a number above 0, at most {most:g}")
        return float(value)

    def integer(self, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self.value
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value != value // 1:
            raise self.wrong(f"a whole number from 1 to {most}")
        return int(self.number(most))

    def numbers(self, most: float) -> tuple[float, ...]:
        """Distinct numbers, as `number`."""
        return self._distinct(tuple(item.number(most) for item in self.items()))

    def integers(self, most: int) -> tuple[int, ...]:
        """Distinct whole numbers, as `integer`."""
        return self._distinct(tuple(item.integer(most) for item in self.items()))

    def _distinct(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) != len(values):
            raise self.wrong("a list of distinct numbers")
        return values


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
