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


def numbered(role: str, count: int) -> list[str]:
    """What `count` things of one role are called in C: by the role, with numbers if several."""
    return [role] if count == 1 else [f"{role}{i}" for i in range(count)]


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
    """A C initialiser: mappings become designated members, sequences lists, the rest itself.

    Members that are numbers share lines.
    """
    inner = indent + "    "
    match value:
        case Mapping():
            lines: list[str] = []
            plain: list[str] = []
            for name, item in value.items():
                if isinstance(item, int):
                    plain.append(f".{name} = {_number(item)}")
                    continue
                lines += _members(plain, inner)
                plain = []
                lines.append(f"{inner}.{name} = {initialiser(item, inner)}")
            lines += _members(plain, inner)
            return "{\n" + ",\n".join(lines) + f",\n{indent}}}"
        case str():
            return value
        case Sequence():
            return "{" + ", ".join(initialiser(item, inner) for item in value) + "}"
        case _:
            return _number(value)


def _members(members: list[str], indent: str) -> list[str]:
    """Initialised members, as many to a line as it holds; one text, or none for no member."""
    if not members:
        return []
    text = ", ".join(members)
    return [textwrap.fill(text, _LINE, initial_indent=indent, subsequent_indent=indent)]


def _number(value: int) -> str:
    """A decimal constant of the type that holds it; the least int32 has no literal of its own."""
    if value == -(1 << 31):
        return "(-2147483647 - 1)"
    return f"{value}u" if value >= 1 << 31 else str(value)
