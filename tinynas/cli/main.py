"""All commands under one name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from tinynas.cli import catalogue, demo, deploy, keys, remote, search, service, stage1, sweep
from tinynas.cli.output import console
from tinynas.paths import share_cores

app = typer.Typer(
    name="tinynas",
    help="Finds, trains and compiles the most accurate network that fits a microcontroller.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)
for _module in (demo, stage1, search, sweep, deploy, service, keys, remote, catalogue):
    app.add_typer(_module.app)


@app.callback(invoke_without_command=True)
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if show_version:
        typer.echo(version("tinynas"))
        raise typer.Exit


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly."""
    share_cores()
    try:
        app()
    except KeyboardInterrupt:
        console.print("interrupted")
        raise SystemExit(130) from None
