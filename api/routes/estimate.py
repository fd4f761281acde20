"""How long a request would take, before it is a job."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access import Costly
from api.checks import CheckedRequest, settle
from api.dependencies import StoreDep
from api.estimate import estimate
from api.requests import JobIn
from api.routes.preview import preview_table
from api.store import recent_paces
from tinynas.effort import plan_effort
from tinynas.progress import STEPS
from tinynas.request import Effort

router = APIRouter(prefix="/jobs", tags=["jobs"])
REMEMBERED = 50
"""Newest times of a step that are looked at."""


class StepEstimateOut(BaseModel):
    """Seconds of one step; `measured` earlier times say so, 0 where the request does."""

    step: str
    seconds: float
    low_seconds: float
    high_seconds: float
    measured: int


class EstimateOut(BaseModel):
    """How long a job like this may take from the moment that a worker takes it.

    An estimate, no promise: the median of what the steps of earlier jobs on this service took,
    scaled to this one's work; `low_seconds` and `high_seconds` are the sums of the shortest and of
    the longest.  `seconds` is null where it is not known, and `reason` says why; then
    `at_least_seconds` is what is known of it.
    """

    seconds: float | None
    low_seconds: float | None
    high_seconds: float | None
    at_least_seconds: float = Field(description="Of the steps that are known.")
    measured: int = Field(description="Earlier jobs behind the step that is known least.")
    reason: str | None = Field(description="Why `seconds` is null.")
    steps: list[StepEstimateOut]


@router.post("/estimate")
def read_estimate(body: JobIn, store: StoreDep, caller: Costly) -> EstimateOut:
    """How long a job like this may take, by the pace of earlier jobs on this service.

    Refuses what `POST /jobs` refuses, with the same problem documents; makes nothing.
    """
    checked = settle(body.to_request(), store, caller)
    macs = preview_table(checked)["chosen"]["mean_macs"]
    with store.read() as session:
        history = {step: recent_paces(session, step, limit=REMEMBERED) for step in STEPS}
    effort, given = _effort(checked), checked.supernet is not None
    planned = plan_effort(effort, checked.card.train_images or 0)
    found = estimate(history, planned, macs, minutes=effort.train_minutes, trained=given)
    steps = [
        StepEstimateOut(
            step=one.step,
            seconds=round(one.seconds, 1),
            low_seconds=round(one.low, 1),
            high_seconds=round(one.high, 1),
            measured=one.measured,
        )
        for one in found.steps
    ]
    known = not found.unknown
    return EstimateOut(
        seconds=round(sum(one.seconds for one in found.steps), 1) if known else None,
        low_seconds=round(sum(one.low for one in found.steps), 1) if known else None,
        high_seconds=round(sum(one.high for one in found.steps), 1) if known else None,
        at_least_seconds=round(sum(one.low for one in found.steps), 1),
        measured=min((one.measured for one in found.steps if one.measured), default=0),
        reason=None if known else _reason(found.unknown),
        steps=steps,
    )


def _effort(checked: CheckedRequest) -> Effort:
    """The request's; of the supernet's training that of the job which has done it."""
    asked, given = checked.request.effort, checked.supernet
    if given is None:
        return asked
    spent = given.effort
    return replace(asked, train_images=spent.train_images, train_minutes=spent.train_minutes)


def _reason(unknown: tuple[str, ...]) -> str:
    if len(unknown) == len(STEPS):
        return "no job has finished on this service yet"
    return "no job has finished these steps on this service yet: " + ", ".join(unknown)
