"""Fetching a data set's archive from its own home: once, checked, never half."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from tinynas.data.places import cache_dir, find
from tinynas.errors import TinynasError
from tinynas.progress import Reporter

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archive:
    """A file at a public address, known by its SHA-256."""

    url: str
    sha256: str

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def obtain(archive: Archive, reporter: Reporter) -> Path:
    """The archive's place on disk: in the data folder, in the cache, or freshly downloaded there.

    Raises:
        TinynasError: it cannot be downloaded, or is not the file it should be.
    """
    given = find(archive.file)
    if given is not None:
        _check(archive, _sha256(given), f"{given}")
        return given
    cached = cache_dir() / archive.file
    if not cached.is_file() or _sha256(cached) != archive.sha256:
        _download(archive, cached, reporter)
    return cached


def _download(archive: Archive, target: Path, reporter: Reporter) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        digest = _stream(archive.url, partial, reporter)
        _check(archive, digest, archive.url)
        partial.replace(target)
    except (httpx.HTTPError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise TinynasError(
            f"{archive.url} cannot be downloaded ({reason}); "
            f"put {archive.file} into the folder that TINYNAS_DATA_DIR names",
            url=archive.url,
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _stream(url: str, path: Path, reporter: Reporter) -> str:
    """Write what is at `url` to `path`; its SHA-256."""
    digest = hashlib.sha256()
    with httpx.stream("GET", url, follow_redirects=True, timeout=30) as response:
        response.raise_for_status()
        total = int(response.headers.get("content-length", 0))
        done = 0
        with path.open("wb") as file:
            for chunk in response.iter_bytes(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                reporter.progress(done, max(done, total), "bytes")
    return digest.hexdigest()


def _check(archive: Archive, digest: str, source: str) -> None:
    if digest != archive.sha256:
        raise TinynasError(
            f"{source} is not the file it should be: SHA-256 is {digest}, "
            f"expected {archive.sha256}",
            given=digest,
            allowed=archive.sha256,
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
