"""What jobs have said, read and written down once for all who listen to them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TypeAlias

from fastapi.sse import format_sse_event

from api.schemas import EventOut
from api.store import Store, events_after, state_of

BATCH = 500
_Question: TypeAlias = tuple[str, int, tuple[str, ...], int | None]


@dataclass(frozen=True)
class Answer:
    """Messages as they are sent, the number of the last event that they tell, whether there is more
    to be read at once, and whether nothing will come any more."""

    messages: bytes
    last: int
    more: bool = False
    ended: bool = False


class News:
    """Listeners that wake together and have heard the same share one look at the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[_Question, asyncio.Task[Answer]] = {}

    async def after(
        self, job_id: str, last: int, without: tuple[str, ...], newest: int | None
    ) -> Answer:
        """What follows event `last`, up to `BATCH` messages.

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
            state = state_of(session, job_id)
            if state is None:
                return Answer(b"", last, ended=True)
            events = events_after(session, job_id, last, limit=BATCH, without=without)
        messages = b"".join(_message(EventOut.model_validate(event)) for event in events)
        more = len(events) == BATCH
        last = events[-1].sequence if events else last
        # A job says that it has ended with its last event; its state was read before them.
        return Answer(messages, last, more, ended=state.final and not more)


def _message(event: EventOut) -> bytes:
    data = event.model_dump_json()
    return format_sse_event(data_str=data, event=event.kind, id=str(event.sequence))
