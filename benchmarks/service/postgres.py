"""A PostgreSQL server in a temporary folder, on loopback alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from tinynas.errors import TinynasError

_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 60
USER = "postgres"
"""Debian's own for it: the server refuses to run as root."""


class PostgreSQL:
    """A context manager: inside, a database answers at `url`."""

    def __init__(self, folder: Path, *, port: int = 5432) -> None:
        """`folder` must not exist; it takes the data.

        Raises:
            TinynasError: no server is installed.
        """
        self._folder, self._port = folder, port
        self._programs = _programs()
        self.url = f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"

    @property
    def version(self) -> str:
        """Of the server, as it says itself."""
        return self._run("postgres", "--version").stdout.strip()

    def __enter__(self) -> PostgreSQL:
        self._folder.mkdir(parents=True)
        shutil.chown(self._folder, USER, USER)
        data = str(self._folder / "data")
        self._run("initdb", "--pgdata", data, "--username", USER, "--auth", "trust")
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self._port} "
            f"-c unix_socket_directories={self._folder} -c max_connections=200"
        )
        self._control("start", "--log", str(self._folder / "log"), "--options", options)

    def crash(self) -> None:
        """End it at once: every connection breaks, and it has to recover when it starts."""
        self._control("stop", "--mode", "immediate")

    def _control(self, *arguments: str) -> None:
        data = str(self._folder / "data")
        wait = ("--wait", "--timeout", str(_START_SECONDS))
        self._run("pg_ctl", *arguments, "--pgdata", data, *wait)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            timeout=2 * _START_SECONDS,
            # The server keeps what it was started with: a pipe would never end.
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            user=USER if os.geteuid() == 0 else None,
            cwd="/",
        )


def _programs() -> Path:
    installed = sorted(_DEBIAN.glob("*/bin/initdb"))
    found = shutil.which("initdb")
    if installed:
        return installed[-1].parent
    if found is not None:
        return Path(found).resolve().parent
    raise TinynasError("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
