"""Files as they should be downloaded: named, typed, in parts, recognised by their digest."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api.problems import ProblemResponse
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


class ArtifactResponse(FileResponse):
    """Starlette's file response, whose complaints about `Range` are problem documents too."""

    @classmethod
    def of(cls, artifact: Artifact, path: Path) -> ArtifactResponse:
        inline = artifact.media_type.split(";")[0] in _INLINE
        return cls(
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused: Message | None = None

        async def send_file(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused = message
            if refused is None:
                await send(message)

        await super().__call__(scope, receive, send_file)
        if refused is not None:
            size = Headers(raw=refused["headers"]).get("content-range")
            problem = ProblemResponse(
                refused["status"],
                "the Range header asks for what the file has not",
                headers={"Content-Range": size} if size else None,
                field="Range",
                given=Headers(scope=scope).get("range"),
                allowed=size,
            )
            await problem(scope, receive, send)
