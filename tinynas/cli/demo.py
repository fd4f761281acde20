"""`tinynas demo`: the main job end to end, through the service, on a small real data set."""

from __future__ import annotations

import signal
import zipfile
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from tinynas.cli.output import JsonFlag, console, print_json, reports_errors
from tinynas.cli.remote import follow
from tinynas.cli.result import print_result
from tinynas.client import Client
from tinynas.paths import enable_service_imports

app = typer.Typer()

REQUEST = {
    "dataset": "digits",
    "device": "stm32f411xe",
    "sram": "32KB",
    "flash": "128KB",
    "name": "demo: digits on an STM32F411",
}


@app.command("demo")
@reports_errors
def demo_command(
    exit_when_done: Annotated[
        bool, typer.Option("--exit", help="End when the job has; otherwise keep serving.")
    ] = False,
    home: Annotated[
        Path, typer.Option(help="Where the demo keeps its database and results.")
    ] = Path("out/demo"),
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one.")] = None,
    simulator: Annotated[str | None, typer.Option(help="renode, qemu or unicorn.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Find, train and compile a digit classifier for an STM32F411 with 32 KB SRAM, 128 KB flash."""
    enable_service_imports()
    from worker.embedded import EmbeddedService

    service = EmbeddedService(home=home.resolve(), port=port)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with service:
            console.print(f"the dashboard is at [link={service.url}]{service.url}[/link]")
            with Client(service.url) as client:
                value = _run_job(client, home, simulator)
            _show(value, as_json=as_json)
            if not exit_when_done:
                console.print(f"still serving {service.url}  (Ctrl-C ends it)")
                service.wait()
    except KeyboardInterrupt:
        console.print("ended")


def _run_job(client: Client, home: Path, simulator: str | None) -> dict[str, Any]:
    """Submit, follow, download; the object that `--json` prints."""
    job = follow(client, client.submit(**REQUEST, simulator=simulator).id)
    folder = home.resolve() / "results" / job.id
    folder.mkdir(parents=True, exist_ok=True)
    report = client.download(job.id, "report.html", folder)
    archive = client.download(job.id, "bundle.zip", folder)
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    return {
        **(job.result or {}),
        "bundle": str(folder / "bundle"),
        "report": str(report),
        "job_url": f"{client.base_url}/#/jobs/{job.id}",
    }


def _show(value: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
        return
    print_result(value)
    for name in ("bundle", "report", "job_url"):
        console.print(f"{name:<8} {value[name]}", highlight=False)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
