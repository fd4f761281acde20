"""API, workers and Ray nodes as processes of their own, as an operator would start them."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx

from api.store import StoreSettings
from benchmarks.service.processes import Running, descendants, kill
from tinynas.errors import TinynasError
from tinynas.paths import service_environment

_READY_SECONDS = 120.0
RAY_PORT = 6379


class Deployment:
    """A context manager; processes write to `folder/NAME.log`, and end with it."""

    def __init__(self, folder: Path, *, port: int = 8000, **settings: object) -> None:
        """`settings` are the service's: `database_url` is TINYNAS_DATABASE_URL, and so on."""
        self.folder = folder
        self.home = Path(str(settings.pop("home", folder / "home")))
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self.environment = service_environment()
        self.environment.pop("RAY_ADDRESS", None)
        self.environment["TINYNAS_HOME"] = str(self.home)
        for name, value in settings.items():
            self.environment[f"TINYNAS_{name.upper()}"] = str(value)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []

    def __enter__(self) -> Deployment:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self._processes):
            self.kill(name)
        for log in self._logs:
            log.close()

    def start_api(self) -> None:
        """Returns when it is ready."""
        self._start("api", sys.executable, "-m", "api", "--port", str(self._port))
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).is_success:
                    return
            time.sleep(0.1)
        raise TinynasError(f"the API is not ready: {self.log('api')}")

    def start_worker(self, name: str = "worker") -> None:
        self._start(name, sys.executable, "-m", "worker")

    def start_ray_head(self, *, cpus: int = 1) -> None:
        """Workers that are started from now on use this cluster."""
        self.environment |= {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        here = ("--head", "--port", str(RAY_PORT), "--include-dashboard=false")
        self._start_ray("head", "127.0.0.1", cpus, *here, "--temp-dir", str(self.folder / "ray"))
        self.environment["RAY_ADDRESS"] = f"127.0.0.1:{RAY_PORT}"

    def start_ray_node(self, name: str, address: str, *, cpus: int = 1) -> None:
        """A raylet that has `address` (one of loopback's many) for its own."""
        self._start_ray(name, address, cpus, "--address", f"127.0.0.1:{RAY_PORT}")

    def _start_ray(self, name: str, address: str, cpus: int, *options: str) -> None:
        common = ("--node-ip-address", address, "--num-cpus", str(cpus), "--block")
        memory = ("--object-store-memory", str(200 << 20))
        ray = str(Path(sys.executable).parent / "ray")
        self._start(name, ray, "start", *options, *common, *memory, "--disable-usage-stats")
        deadline = time.monotonic() + _READY_SECONDS
        while not any("raylet/raylet" in p.command for p in self.processes(name)):
            if time.monotonic() > deadline or self._processes[name].poll() is not None:
                raise TinynasError(f"Ray's {name} did not start: {self.log(name)}")
            time.sleep(0.2)

    def _start(self, name: str, *command: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        self._logs.append(log)
        self._processes[name] = subprocess.Popen(
            command,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def processes(self, name: str) -> list[Running]:
        """What was started under this name, and all that it started."""
        return descendants(self._processes[name].pid)

    def kill(self, name: str) -> None:
        """kill -9 of it and of all that it started."""
        kill(self.processes(name))
        self._processes.pop(name).wait()

    def kill_alone(self, name: str) -> None:
        """kill -9 of the process that was started, not of those that it started."""
        self._processes[name].kill()
        self._processes.pop(name).wait()

    def store_settings(self) -> StoreSettings:
        """For who opens the service's database beside it."""
        url = self.environment.get("TINYNAS_DATABASE_URL")
        return StoreSettings(home=self.home, database_url=url)

    def processor_seconds(self, name: str) -> float:
        """Processor time that what was started under this name took so far, with its children."""
        return sum(p.seconds for p in self.processes(name))

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def log(self, name: str) -> str:
        """The end of what it said."""
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace")[-2000:] if file.is_file() else ""


def listening() -> list[str]:
    """Addresses on which somebody listens (TCP over IPv4 and IPv6), of this network namespace."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{os.getpid()}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == "0A":
                found.append(local)
    return found
