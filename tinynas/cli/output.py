"""How every command speaks: tables for people, one JSON line for programs, errors with exit codes.

With `--json` the one object is the only thing on standard output; everything said on the way goes
to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Annotated, Any, Literal, NoReturn, ParamSpec, TypeAlias

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from tinynas.errors import TinynasError

P = ParamSpec("P")
JsonFlag: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on one line, and nothing else.")
]

PIPE_WIDTH = 200
console = Console(stderr=True)
"""For people, beside the result."""


def print_json(value: Any) -> None:
    """One object on one line on standard output."""
    sys.stdout.write(json.dumps(value, separators=(", ", ": "), default=str) + "\n")
    sys.stdout.flush()


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str | None = None
) -> None:
    """A table on standard output; numbers to the right."""
    table = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    body = [[_text(cell) for cell in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = all(row[index][:1].isdigit() or row[index] in ("", "-") for row in body)
        justify: Literal["right", "left"] = "right" if numeric and body else "left"
        table.add_column(column, justify=justify, overflow="fold")
    for row in body:
        table.add_row(*row)
    # In a pipe there is no width to keep to, and a folded id is no id.
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _text(cell: Any) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def fail(error: TinynasError, *, as_json: bool) -> NoReturn:
    """Say what is wrong and leave with the error's exit code (1 failed, 2 bad input)."""
    if as_json:
        print_json({"error": {"message": error.message, **error.details}})
    console.print(f"[red]error:[/red] {error.message}", highlight=False)
    log = error.details.get("log")
    if log and not as_json:
        console.print(str(log)[-4000:], highlight=False, markup=False)
    raise typer.Exit(error.exit_code)


def reports_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a `TinynasError` of a command into its message and exit code."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except TinynasError as error:
            fail(error, as_json=bool(kwargs.get("as_json")))

    return wrapper
