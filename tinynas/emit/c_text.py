"""Python values as C text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}")
_KEYWORDS = frozenset(
    {"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else"}
    | {"enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register"}
    | {"restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch"}
    | {"typedef", "union", "unsigned", "void", "volatile", "while", "tinynas"}
)
_LINE = 96


def check_prefix(name: str) -> str:
    """`name`, if every symbol of the library can begin with it.

    Raises:
        InvalidInputError: it is no lower-case C identifier of at most 31 characters.
    """
    if _PREFIX.fullmatch(name) is None or name in _KEYWORDS:
        raise InvalidInputError(
            f"name {name!r} cannot prefix C symbols",
            field="name",
            given=name,
            allowed="a lower-case C identifier of at most 31 characters, no keyword",
        )
    return name


def identifier(text: str) -> str:
    """`text` with everything that an identifier cannot hold replaced by underscores."""
    return re.sub(r"\W", "_", text, flags=re.ASCII)


def comment(text: str) -> str:
    """`text` with everything that could end a comment replaced by underscores."""
    return re.sub(r"[^\w .,:/()\[\]-]", "_", text, flags=re.ASCII)


def numbers(values: NDArray[np.integer[Any]]) -> str:
    """The values, comma separated, in indented lines."""
    return _lines([_number(value) for value in values.tolist()])


def words(values: NDArray[np.uint32]) -> str:
    """Words in hexadecimal, comma separated, in indented lines."""
    return _lines([f"0x{value:08x}u" for value in values.tolist()])


def _lines(items: list[str]) -> str:
    return textwrap.fill(", ".join(items), _LINE, initial_indent="    ", subsequent_indent="    ")


def initialiser(value: Any, indent: str = "") -> str:
    """A C initialiser: mappings become designated members, sequences lists, the rest itself."""
    inner = indent + "    "
    match value:
        case Mapping():
            if all(isinstance(item, int) for item in value.values()):
                members = ", ".join(f".{k} = {_number(v)}" for k, v in value.items())
                if len(inner) + len(members) < _LINE - 20:
                    return f"{{{members}}}"
            items = [f"{inner}.{k} = {initialiser(v, inner)},\n" for k, v in value.items()]
            return "{\n" + "".join(items) + indent + "}"
        case str():
            return value
        case Sequence():
            return "{" + ", ".join(initialiser(item, inner) for item in value) + "}"
        case _:
            return _number(value)


def _number(value: int) -> str:
    """A decimal constant of the type that holds it; the least int32 has no literal of its own."""
    if value == -(1 << 31):
        return "(-2147483647 - 1)"
    return f"{value}u" if value >= 1 << 31 else str(value)
