"""Text is sent compressed; finished files are sent as they are, in parts where that is asked."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

MINIMUM_BYTES = 2048
LEVEL = 5  # a list of a thousand candidates in milliseconds, to a tenth of its size
_FILES = "/artifacts/"


class CompressText:
    """GZip for everything but artifacts, whose lengths and ranges are their own bytes'.

    Event streams are left alone by Starlette: they must not wait for more.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, MINIMUM_BYTES, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_file = scope["type"] != "http" or _FILES in scope["path"]
        await (self._plain if is_file else self._compressed)(scope, receive, send)
