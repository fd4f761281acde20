"""Host names, and headers that keep a browser from being misused."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access
from api.problems import ProblemResponse

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# FastAPI's page that describes the API is made of scripts and styles from elsewhere.
_DOCS_POLICY = (
    "default-src 'self'; img-src 'self' data: https://fastapi.tiangolo.com; "
    "style-src https://cdn.jsdelivr.net; script-src 'unsafe-inline' https://cdn.jsdelivr.net"
)


class Guard:
    """Refuses foreign host names and cross-site writes where there is no key; adds headers.

    A service on loopback can be reached by every page in the browser beside it: by a name that
    resolves to 127.0.0.1, or by a form.  The host's name and `Sec-Fetch-Site` give both away.
    """

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._refusal(scope) if self._access.open else None

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                policy = _DOCS_POLICY if scope["path"] == "/docs" else _PAGE_POLICY
                headers.setdefault("content-security-policy", policy)
            await send(message)

        await (problem or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> ProblemResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name.lower() not in _LOOPBACK_NAMES:
            return ProblemResponse(
                421,
                "this service answers to loopback names only as long as it has no API key",
                field="Host",
                given=host,
                allowed=sorted(_LOOPBACK_NAMES),
            )
        writes = scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if writes and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return ProblemResponse(403, "another site's page may not change anything here")
        return None
