"""The application on a socket; its open event streams end when it does."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from api.watch import EventWatch

GRACE_SECONDS = 5  # for downloads that are under way


class ApiServer(uvicorn.Server):
    """Ends event streams before it waits for its connections: they never end by themselves, and
    whoever follows one goes on with the next server at the event where this one stopped."""

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
        )
        super().__init__(config)
        self._watch: EventWatch = app.state.watch

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._watch.close()
        await super().shutdown(sockets)
