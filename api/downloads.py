"""Files as they should be downloaded: named, typed, in parts, recognised by their digest."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse

from api.store import Artifact

# A report is looked at, so it opens in the browser: as a page of no site, without scripts.
_INLINE = {"text/html", "text/plain", "application/json"}
_SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def matches(if_none_match: str | None, sha256: str) -> bool:
    """Whether an `If-None-Match` header names this digest."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(",")}
    return sha256 in tags or "*" in tags


def file_response(artifact: Artifact, path: Path) -> FileResponse:
    """The artifact in whole, or the part of it that the request's `Range` asks for."""
    inline = artifact.media_type.split(";")[0] in _INLINE
    return FileResponse(
        path,
        media_type=artifact.media_type,
        filename=artifact.name,
        content_disposition_type="inline" if inline else "attachment",
        headers={
            "ETag": f'"{artifact.sha256}"',
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": _SANDBOX,
        },
    )
