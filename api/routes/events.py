"""A job's events as they happen (server-sent events)."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.access import Caller
from api.dependencies import JobId, NewsDep, StoreDep, WatchDep, the_job
from api.problems import documented
from api.store import JobState, events_after

router = APIRouter(prefix="/jobs/{job_id}", tags=["jobs"])
LastEventId = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, description="Send only what follows this event.")
]


LeaveOut = Annotated[
    list[str],
    Query(
        max_length=20,
        description="Kinds of events not to send: who has read all candidates needs them no more.",
        examples=[["candidate"]],
    ),
]


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


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses=documented(404) | {204: {"description": "The job has ended, all was heard."}},
)
async def follow(
    job_id: JobId,
    news: NewsDep,
    watch: WatchDep,
    caller: Caller,
    last: Annotated[int, Depends(_start)],
    leave_out: LeaveOut = [],  # noqa: B006 (FastAPI copies it)
) -> AsyncIterable[ServerSentEvent]:
    """The job's events: those stored, then each new one until the job ends."""
    without = tuple(leave_out)
    with watch.follow(job_id, caller.owner) as changed:
        while True:
            changed.clear()
            answer = await news.after(job_id, last, without, watch.newest(job_id))
            for message in answer.messages:
                yield message
            last = answer.last
            if answer.ended or watch.closed:
                return
            if not answer.more:
                await changed.wait()
