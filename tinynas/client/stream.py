"""Server-sent events, as the HTML standard defines them, from the lines of a response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One event of a stream; `id` is empty where the stream gave none."""

    event: str
    data: str
    id: str


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Whole events; what was cut off in the middle is dropped, comments are skipped."""
    fields: dict[str, str] = {}
    data: list[str] = []
    for line in lines:
        if line == "":
            if data:
                event, number = fields.get("event", "message"), fields.get("id", "")
                yield Message(event, "\n".join(data), number)
            fields, data = {}, []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name:
            fields[name] = value
