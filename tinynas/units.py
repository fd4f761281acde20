"""Sizes in bytes, read and written as datasheets do: 1 KB = 1 KiB = 1,024 bytes."""

from __future__ import annotations

import re

from tinynas.errors import InvalidInputError

_FACTORS = {"": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "KIB": 1 << 10}
_FACTORS |= {"M": 1 << 20, "MB": 1 << 20, "MIB": 1 << 20}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
MAX_BYTES = 1 << 40


def parse_bytes(value: int | str, *, field: str) -> int:
    """Bytes from `327680`, `"320KB"` or `"320 KiB"`.

    Raises:
        InvalidInputError: not a whole, positive number of bytes with a known unit.
    """
    allowed = "a positive whole number of bytes, or a number with B, KB, KiB, MB or MiB"
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise InvalidInputError(f"{field}: not a size", field=field, given=value, allowed=allowed)
    size: float = value if isinstance(value, int) else _parse_text(value)
    if size != int(size) or not 0 < size <= MAX_BYTES:
        raise InvalidInputError(
            f"{field}: {value!r} is not a size; allowed is {allowed}",
            field=field,
            given=value,
            allowed=allowed,
        )
    return int(size)


def _parse_text(text: str) -> float:
    match = _SIZE.fullmatch(text)
    if match is None or match[2].upper() not in _FACTORS:
        return -1
    return float(match[1]) * _FACTORS[match[2].upper()]


def format_bytes(size: int) -> str:
    """`32,768 B (32 KB)`-style text without the parenthesis where it says nothing."""
    if size >= 1024:
        return f"{size / 1024:,.1f} KB".replace(".0 KB", " KB")
    return f"{size} B"
