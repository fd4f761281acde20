"""Finished files of a job: found, measured, typed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from api.store import Artifact

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".zip": "application/zip",
}


def collect_artifacts(job_id: str, folder: Path, *, storage: Path) -> list[Artifact]:
    """The plain files in `folder`; what begins with a dot is not finished."""
    if not folder.is_dir():
        return []
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    return [_artifact(job_id, file, storage) for file in files]


def _artifact(job_id: str, file: Path, storage: Path) -> Artifact:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    return Artifact(
        job_id=job_id,
        name=file.name,
        media_type=_MEDIA_TYPES.get(file.suffix, "application/octet-stream"),
        bytes=file.stat().st_size,
        sha256=digest.hexdigest(),
        path=file.relative_to(storage).as_posix(),
    )
