"""A client that follows a job through whatever happens to the service."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from tinynas.client import Client

END_SECONDS = 60.0


class Listener:
    """A context manager; `finish` tells the numbers of all events heard, in order."""

    def __init__(self, url: str, job_id: str) -> None:
        self._client, self._job_id = Client(url), job_id
        self._numbers: list[int] = []
        self._last: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def _follow(self) -> None:
        for event in self._client.events(self._job_id):
            self._numbers.append(event.sequence)
            self._last = event.data

    def finish(self) -> list[int]:
        """Call it when the job has ended."""
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            raise TimeoutError("the client still listens")
        assert self._last == {"state": "succeeded"}, self._last
        return self._numbers
