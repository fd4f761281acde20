"""What stage 1 says of a request, before it is a job: fast enough to be asked while one types."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter

from api.access import Costly
from api.checks import CheckedRequest, settle
from api.dependencies import StoreDep
from api.requests import JobIn
from tinynas.spaces import SearchSpace
from tinynas.subspace import choose_subspace

router = APIRouter(prefix="/jobs", tags=["jobs"])

SAMPLES = 300
"""Networks looked at in every subspace; a job looks at 1,000, in seconds instead of tenths."""
REMEMBERED = 64  # answers: a form asks the same again and again


@router.post("/preview")
def preview(body: JobIn, store: StoreDep, caller: Costly) -> dict[str, Any]:
    """The subspace that a job like this would search, and how much of each subspace fits.

    Refuses what `POST /jobs` refuses, with the same problem documents; makes nothing.
    """
    checked = settle(body.to_request(), store, caller)
    return preview_table(checked) | {"device": checked.request.target.name}


def preview_table(checked: CheckedRequest) -> dict[str, Any]:
    """Stage 1 of a request; remembered for a while.

    Raises:
        InfeasibleBudgetError: nothing fits.
    """
    return _table(checked.space, _Task(checked))


class _Task:
    """What stage 1 depends on, comparable: two requests that differ elsewhere are one."""

    def __init__(self, checked: CheckedRequest) -> None:
        self.request, self.resolutions = checked.request, checked.resolutions
        self.classes, self.channels = checked.card.classes, checked.card.input_channels
        request = self.request
        self._key = (
            *(request.budget, request.target.name, request.schedules, request.fed, request.seed),
            *(self.classes, self.channels, self.resolutions),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Task) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=REMEMBERED)
def _table(space: SearchSpace, task: _Task) -> dict[str, Any]:
    request = task.request
    return choose_subspace(
        space,
        request.budget,
        classes=task.classes,
        input_channels=task.channels,
        device=request.target,
        schedules=request.schedules,
        fed=request.fed,
        seed=request.seed,
        resolutions=task.resolutions,
        samples=SAMPLES,
    ).to_json()
