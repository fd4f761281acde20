"""The service as one process tree: it comes up, answers, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tinynas.errors import InvalidInputError, TinynasError
from worker.embedded import EmbeddedService

SERVE = """
import sys
from pathlib import Path
from worker.embedded import EmbeddedService
with EmbeddedService(home=Path(sys.argv[1]), port=0) as service:
    print(service.url, flush=True)
    service.wait()
"""


def processes_of(home: Path) -> set[int]:
    """Processes whose environment names this home."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"TINYNAS_HOME={home}\0".encode() in environment + b"\0":
                found.add(int(folder.name))
    return found


def left_running(home: Path, seconds: float = 20) -> set[int]:
    """What still runs once all that ends with its parent has had the time to notice."""
    deadline = time.monotonic() + seconds
    while (found := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_it_serves_and_ends_with_all_its_processes(tmp_path: Path) -> None:
    with EmbeddedService(home=tmp_path, port=0) as service:
        assert httpx.get(f"{service.url}/readyz", trust_env=False).json() == {"status": "ready"}
        assert httpx.get(f"{service.url}/api/v1/jobs", trust_env=False).json()["items"] == []
        assert len(processes_of(tmp_path)) >= 2
    assert left_running(tmp_path) == set()


def test_a_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline().startswith(b"http://127.0.0.1:")
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_running(tmp_path) == set()


def test_a_taken_port_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInputError, match=f"cannot listen on 127.0.0.1 port {port}"):
            EmbeddedService(home=tmp_path, port=port)


def test_an_open_door_without_a_key_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(TinynasError, match="exit code 2"),
        EmbeddedService(home=tmp_path, host="0.0.0.0", port=0),
    ):
        pass
    assert "refuses to listen on 0.0.0.0 without an API key" in capfd.readouterr().err
    assert left_running(tmp_path) == set()
