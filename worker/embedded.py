"""The whole service in one process tree: the API and one worker, started and ended together.

Both children read their standard input and end with it, so that none is left running even where
the parent is killed.  They have sessions of their own: a Ctrl-C is the parent's to act on.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

import httpx

from tinynas.errors import InvalidInputError, TinynasError
from tinynas.paths import service_environment

DEFAULT_PORT = 8000
START_SECONDS = 180.0  # on a machine that has much else to do
_STANDARD_ERROR = 2  # what this process writes to its standard output is a result, not a message
END_SECONDS = 15.0  # more than a worker's patience with its job
RESTART_SECONDS = 2.0


class EmbeddedService:
    """A context manager: inside, the API answers at `url` and a worker takes jobs."""

    def __init__(
        self, *, home: Path | None = None, host: str = "127.0.0.1", port: int | None = None
    ) -> None:
        """
        Args:
            home: where database and files are; None for `TINYNAS_HOME` or its default.
            port: 0 for any free one; None for the usual one, or any free one if it is taken.

        Raises:
            InvalidInputError: the address cannot be listened on.
        """
        self._socket = _bind(host, port)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._socket.getsockname()[1]}"
        self._host = host
        self._environment = service_environment()
        if home is not None:
            self._environment["TINYNAS_HOME"] = str(home)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()

    def __enter__(self) -> EmbeddedService:
        try:
            self._start_api()
            self._start_worker()
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def stop(self) -> None:
        """Let `wait` return; may be called by a signal handler."""
        self._stopping.set()

    def wait(self) -> None:
        """Return after `stop`; meanwhile, replace a worker that has died.

        Raises:
            TinynasError: the API has died.
        """
        while not self._stopping.wait(RESTART_SECONDS):
            if self._children["api"].poll() is not None:
                raise TinynasError("the API has ended unexpectedly; its messages are above")
            if self._children["worker"].poll() is not None:
                self._start_worker()

    def close(self) -> None:
        """End both children; kill what does not end in time."""
        self._stopping.set()
        for child in self._children.values():
            if child.stdin is not None:
                child.stdin.close()
        deadline = time.monotonic() + END_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._socket.close()

    def _start_api(self) -> None:
        number = str(self._socket.fileno())
        arguments = ["api", "--host", self._host, "--socket", number]
        self._start("api", arguments, pass_fds=(self._socket.fileno(),))

    def _start_worker(self) -> None:
        self._start("worker", ["worker"])

    def _start(self, name: str, arguments: list[str], pass_fds: tuple[int, ...] = ()) -> None:
        self._children[name] = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", *arguments, "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=_STANDARD_ERROR,
            env=self._environment,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._stopping.is_set():
            if (code := self._children["api"].poll()) is not None:
                raise TinynasError(f"the API did not start (exit code {code}); see above")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).is_success:
                    return
            time.sleep(0.05)
        if not self._stopping.is_set():
            raise TinynasError(f"the API was not ready within {START_SECONDS:.0f} s")


def _bind(host: str, port: int | None) -> socket.socket:
    """A socket on the address, which its server has yet to listen on."""
    try:
        return _bind_to(host, DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return _bind_to(host, 0)
        raise InvalidInputError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            field="port",
            given=port,
            allowed="a free port, or 0 for any",
        ) from error


def _bind_to(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
