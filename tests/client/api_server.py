"""The API on a real socket, in a thread, that can be stopped and started again."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

from api.app import create_app
from api.server import ApiServer
from api.settings import Settings
from api.store import Store


class Server:
    """What a client talks to; `store` is the same database, as a worker sees it."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, event_poll_seconds=0.01)
        self.store: Store = self.settings.open_store()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ApiServer(create_app(self.settings), port=self.port)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
