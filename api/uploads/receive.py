"""From a stream of bytes to a folder that a job may read, whole or not at all."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from api.uploads.archive import UploadLimits
from api.uploads.inspect import DatasetFacts
from tinynas.errors import InvalidInputError
from tinynas.paths import service_root

INSPECTION_SECONDS = 3600
_LOOK_AT_DISK = 64 << 20  # bytes between two looks at what is left of the disk


class UploadTooLargeError(Exception):
    """More bytes than a data set may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a data set may have {limit:,} bytes")
        self.limit = limit


class DiskFullError(Exception):
    """The service's disk has no room for this."""


@asynccontextmanager
async def receive(
    stream: AsyncIterator[bytes],
    place: Path,
    limits: UploadLimits,
    *,
    skip_bad_files: bool,
    min_free_bytes: int,
) -> AsyncIterator[tuple[Path, DatasetFacts, str]]:
    """The unpacked folder, what is in it, and the archive's sha256; gone after the block, unless
    it was moved away.

    `place` is where uploads are worked on; it lies on the disk on which data sets are kept.

    Raises:
        UploadTooLargeError, DiskFullError: see there.
        InvalidInputError: it is no data set.
    """
    folder = place / uuid4().hex
    folder.mkdir(parents=True)
    try:
        with _locked(folder):
            archive, out = folder / "archive.zip", folder / "images"
            out.mkdir()
            sha256 = await _save(stream, archive, limits.upload_bytes, min_free_bytes)
            facts = await _inspect(archive, out, limits, skip_bad_files)
            archive.unlink()
            yield out, facts, sha256
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError("the disk is full") from error
        raise
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _save(stream: AsyncIterator[bytes], target: Path, limit: int, min_free_bytes: int) -> str:
    digest, size, looked = hashlib.sha256(), 0, 0
    check_disk(target.parent, min_free_bytes)
    with target.open("xb") as file:
        async for chunk in stream:
            size += len(chunk)
            if size > limit:
                raise UploadTooLargeError(limit)
            if size - looked > _LOOK_AT_DISK:
                looked = size
                check_disk(target.parent, min_free_bytes)
            await asyncio.to_thread(_take, chunk, digest, file)
    return digest.hexdigest()


def _take(chunk: bytes, digest: hashlib._Hash, file: BinaryIO) -> None:
    digest.update(chunk)
    file.write(chunk)


def check_disk(place: Path, min_free_bytes: int) -> None:
    """Raises: DiskFullError: less than `min_free_bytes` are left."""
    if shutil.disk_usage(place).free < min_free_bytes:
        raise DiskFullError(f"the disk has less than {min_free_bytes:,} bytes to spare")


async def _inspect(
    archive: Path, out: Path, limits: UploadLimits, skip_bad_files: bool
) -> DatasetFacts:
    options = {"limits": asdict(limits), "skip_bad_files": skip_bad_files}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "api.uploads", str(archive), str(out), json.dumps(options)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(service_root()), "OMP_NUM_THREADS": "1", "PATH": os.defpath},
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), INSPECTION_SECONDS)
    except TimeoutError:
        said = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        answer = json.loads(said)
    except ValueError:
        raise InvalidInputError(
            "looking at the images took more time or memory than a data set may take",
            field="archive",
            given="the archive",
            allowed="fewer or smaller images",
        ) from None
    if "error" in answer:
        error = dict(answer["error"])
        raise InvalidInputError(error.pop("message"), **error)
    return DatasetFacts(**answer["facts"])


class _locked:  # noqa: N801 - reads as what it does
    """Holds a lock on a folder, which says that somebody is at work in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._file = os.open(self._folder, os.O_RDONLY)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def sweep_uploads(place: Path) -> None:
    """Delete what a process that was killed has left half done."""
    for folder in place.iterdir() if place.is_dir() else ():
        try:
            with _locked(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody is at work in it, or has just finished
