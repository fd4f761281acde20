"""`tinynas serve` and `tinynas worker`: the service, in one process tree or in its parts."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tinynas.cli.output import console, reports_errors
from tinynas.paths import enable_service_imports, service_environment

app = typer.Typer()

HomeOption = Annotated[
    Path | None, typer.Option(help="Where jobs and database are kept (TINYNAS_HOME).")
]


@app.command("serve")
@reports_errors
def serve_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one.")] = None,
    home: HomeOption = None,
) -> None:
    """The API with its dashboard, and one worker, on SQLite and a local Ray."""
    enable_service_imports()
    from worker.embedded import EmbeddedService

    service = EmbeddedService(home=home, host=host, port=port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    with service:
        console.print(f"tinynas serves [link={service.url}]{service.url}[/link]  (Ctrl-C ends it)")
        service.wait()


@app.command("worker")
@reports_errors
def worker_command(home: HomeOption = None) -> None:
    """A worker alone: takes jobs from the database that TINYNAS_DATABASE_URL names."""
    environment = service_environment()
    if home is not None:
        environment["TINYNAS_HOME"] = str(home)
    # A process of its own: the worker owns its signals and its children.
    command = [sys.executable, "-m", "worker"]
    process = subprocess.Popen(command, env=environment)  # noqa: S603
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: process.send_signal(received))
    raise typer.Exit(process.wait())
