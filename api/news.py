"""What jobs have said, read and written down once for all who listen to them."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

from fastapi.sse import ServerSentEvent

from api.schemas import EventOut
from api.store import JobState, Store, events_after, find_job

BATCH = 500
Answer: TypeAlias = tuple[list[ServerSentEvent], int, bool]
_Question: TypeAlias = tuple[str, int, tuple[str, ...], int | None]


class News:
    """Listeners that wake together and have heard the same share one look at the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[_Question, asyncio.Task[Answer]] = {}

    async def after(
        self, job_id: str, last: int, without: tuple[str, ...], newest: int | None
    ) -> Answer:
        """What follows event `last`: up to `BATCH` messages, the number of the last of them, and
        whether nothing will come after that.

        newest: the job's newest event as far as is known, so that a look that began before it was
            there is not taken for an answer.
        """
        question = (job_id, last, without, newest)
        if question not in self._asked:
            look = asyncio.to_thread(self._look, job_id, last, without)
            task = self._asked[question] = asyncio.create_task(look)
            task.add_done_callback(lambda _: self._asked.pop(question, None))
        # Who asked first may go away while others wait.
        return await asyncio.shield(self._asked[question])

    def _look(self, job_id: str, last: int, without: tuple[str, ...]) -> Answer:
        with self._store.read() as session:
            job = find_job(session, job_id)
            if job is None:
                return [], last, True
            events = events_after(session, job_id, last, limit=BATCH, without=without)
            # A job says that it has ended with its last event; its state was read before them.
            ended = JobState(job.state).final and len(events) < BATCH
        messages = [_message(EventOut.model_validate(event)) for event in events]
        return messages, events[-1].sequence if events else last, ended


def _message(event: EventOut) -> ServerSentEvent:
    return ServerSentEvent(
        raw_data=event.model_dump_json(), event=event.kind, id=str(event.sequence)
    )
