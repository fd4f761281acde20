"""A job's events as they happen (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import KEEPALIVE_COMMENT
from starlette.responses import StreamingResponse
from starlette.types import Send

from api.access import Caller
from api.dependencies import JobId, NewsDep, StoreDep, WatchDep, the_job
from api.news import News
from api.problems import documented
from api.store import JobState, events_after
from api.watch import EventWatch

router = APIRouter(prefix="/jobs/{job_id}", tags=["jobs"])
LastEventId = Annotated[
    int,
    Header(alias="Last-Event-ID", ge=0, lt=2**31, description="Send only what follows this event."),
]


LeaveOut = Annotated[
    list[str],
    Query(
        max_length=20,
        description="Kinds of events not to send: who has read all candidates needs them no more.",
        examples=[["candidate"]],
    ),
]


SIGN_OF_LIFE_SECONDS = 15.0
_ITEM = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/EventOut"},
        },
    },
}


class NothingMoreError(Exception):
    """The job has ended and its listener has heard all; the answer 204 ends its reconnecting."""


def _start(
    job_id: JobId,
    store: StoreDep,
    watch: WatchDep,
    caller: Caller,
    last_event_id: LastEventId = 0,
    leave_out: LeaveOut = [],  # noqa: B006 (FastAPI copies it)
) -> int:
    watch.check_room(caller.owner)
    with store.read() as session:
        job = the_job(session, job_id, caller)
        final = JobState(job.state).final
        if final and not events_after(session, job_id, last_event_id, limit=1, without=leave_out):
            raise NothingMoreError
    return last_event_id


class EventStream(StreamingResponse):
    """Messages as they come; who listened no longer counts the moment the connection is gone."""

    media_type = "text/event-stream"

    def __init__(self, messages: AsyncGenerator[bytes], status_code: int = 200) -> None:
        # The second header is for nginx, which would collect them.
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(messages, status_code, headers)
        self._messages = messages

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._messages):
            await super().stream_response(send)


@router.get(
    "/events",
    response_class=EventStream,
    responses=documented(404)
    | {
        200: {
            "description": "Server-sent events: `id` is the event's number, `event` its kind.",
            "content": {"text/event-stream": {"itemSchema": _ITEM}},
        },
        204: {"description": "The job has ended, all was heard."},
    },
)
async def follow(
    job_id: JobId,
    news: NewsDep,
    watch: WatchDep,
    caller: Caller,
    last: Annotated[int, Depends(_start)],
    leave_out: LeaveOut = [],  # noqa: B006 (FastAPI copies it)
) -> EventStream:
    """The job's events: those stored, then each new one until the job ends."""
    return EventStream(_tell(news, watch, job_id, caller.owner, last, tuple(leave_out)))


async def _tell(
    news: News,
    watch: EventWatch,
    job_id: str,
    owner: str | None,
    last: int,
    without: tuple[str, ...],
) -> AsyncGenerator[bytes]:
    with watch.follow(job_id, owner) as changed:
        while True:
            changed.clear()
            answer = await news.after(job_id, last, without, watch.newest(job_id))
            if answer.messages:
                yield answer.messages
            last = answer.last
            if answer.ended or watch.closed:
                return
            while not answer.more and not changed.is_set():
                try:
                    async with asyncio.timeout(SIGN_OF_LIFE_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    yield KEEPALIVE_COMMENT
