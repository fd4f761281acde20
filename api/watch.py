"""One look at the database for all listeners, instead of one each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from api.limits import TooManyRequestsError
from api.store import Store, newest_events


class EventWatch:
    """Wakes those who follow a job when it has new events, or is gone."""

    def __init__(self, store: Store, *, poll_seconds: float, max_listeners: int) -> None:
        """`max_listeners` of one owner may follow jobs at a time."""
        self._store = store
        self._max_listeners = max_listeners
        self._listeners: defaultdict[str | None, int] = defaultdict(int)
        self._poll_seconds = poll_seconds
        self._followers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._newest: dict[str, int] = {}
        self.closed = False

    def check_room(self, owner: str | None) -> None:
        """Raises: TooManyRequestsError: the owner follows as many jobs as one may."""
        if self._listeners[owner] >= self._max_listeners:
            raise TooManyRequestsError(
                f"{self._max_listeners} event streams are open already, which is all that one "
                "owner may follow",
                seconds=10,
            )

    @contextmanager
    def follow(self, job_id: str, owner: str | None) -> Iterator[asyncio.Event]:
        """An event that is set whenever the job has something new; the follower clears it."""
        self._listeners[owner] += 1
        changed = asyncio.Event()
        self._followers[job_id].add(changed)
        try:
            yield changed
        finally:
            self._listeners[owner] -= 1
            self._followers[job_id].discard(changed)
            if not self._followers[job_id]:
                del self._followers[job_id]
                self._newest.pop(job_id, None)

    def newest(self, job_id: str) -> int | None:
        """The number of a followed job's newest event, as of the last look."""
        return self._newest.get(job_id)

    def close(self) -> None:
        """Wake all followers for the last time: the server ends."""
        self.closed = True
        for followers in self._followers.values():
            for changed in followers:
                changed.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look again and again as long as the block lasts."""
        task = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            if self._followers:
                watched = list(self._followers)
                newest = await asyncio.to_thread(self._look, watched)
                for job_id in watched:
                    self._compare(job_id, newest.get(job_id, -1))

    def _look(self, job_ids: list[str]) -> dict[str, int]:
        with self._store.read() as session:
            return newest_events(session, job_ids)

    def _compare(self, job_id: str, newest: int) -> None:
        if job_id not in self._followers or self._newest.get(job_id) == newest:
            return
        self._newest[job_id] = newest
        for changed in self._followers[job_id]:
            changed.set()
