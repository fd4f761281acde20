"""Uploads that are too large, or end in the middle; over plain sockets, to count what was sent."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tinynas.client import Client

LIMIT = 64 << 20
"""TINYNAS_MAX_UPLOAD_BYTES of the proof."""
_PIECE = bytes(1 << 16)
_SECONDS = 60.0


@dataclass(frozen=True)
class Refusal:
    """The answer's status, and how many bytes of body were on their way before it came."""

    status: int
    sent: int


def send_zeros(url: str, size: int, *, declare: bool) -> Refusal:
    """Send so many bytes until there is an answer; `declare` their number, or send chunks."""
    length = f"Content-Length: {size}" if declare else "Transfer-Encoding: chunked"
    with _connect(url, length) as connection:
        sent = 0
        connection.setblocking(False)
        try:
            while sent < size:
                if answer := _read(connection):
                    return Refusal(int(answer.split()[1]), sent)
                frame = b"" if declare else f"{len(_PIECE):x}\r\n".encode()
                connection.settimeout(_SECONDS)
                connection.sendall(frame + _PIECE + (b"" if declare else b"\r\n"))
                connection.setblocking(False)
                sent += len(_PIECE)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was closed behind the answer
        connection.settimeout(_SECONDS)
        return Refusal(int(connection.recv(4096).split()[1]), sent)


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4096)
    except BlockingIOError:
        return b""


@contextmanager
def half_sent(url: str) -> Iterator[None]:
    """Inside, eight megabytes of a declared sixteen are sent."""
    with _connect(url, f"Content-Length: {16 << 20}") as connection:
        for _ in range(8 * 16):
            connection.sendall(_PIECE)
        yield


@contextmanager
def _connect(url: str, length: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=_SECONDS) as connection:
        lines = [
            "POST /api/v1/datasets?name=zeros HTTP/1.1",
            f"Host: {parts.hostname}",
            "Content-Type: application/zip",
            length,
        ]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        yield connection


def small(url: str) -> str:
    """Upload a data set of two classes; what the service says of it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for value, label in enumerate(("cat", "dog")):
            for i in range(6):
                image = io.BytesIO()
                Image.fromarray(np.full((16, 16), 40 * value + i, np.uint8)).save(image, "PNG")
                files.writestr(f"{label}/{i}.png", image.getvalue())
    with Client(url) as client:
        path = Path("/tmp/tinynas-faults.zip")
        path.write_bytes(archive.getvalue())
        try:
            dataset = client.upload(path, name="zeros")
        finally:
            path.unlink()
    return f"{dataset.images} images of {dataset.classes} classes"


def stored(folder: Path) -> int:
    """Bytes of all files below a folder."""
    if not folder.is_dir():
        return 0
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
