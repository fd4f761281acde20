"""What stage 1 says of a request, before it is a job: fast enough to be asked while one types."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter

from api.access import Costly
from api.checks import find_card
from api.dependencies import StoreDep
from api.requests import JobIn
from tinynas.data import DatasetCard
from tinynas.request import JobRequest, check_request
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
    request = body.to_request()
    check_request(request)
    card, _ = find_card(request.dataset, store, caller)
    return preview_table(request, card) | {"device": request.target.name}


def preview_table(request: JobRequest, card: DatasetCard) -> dict[str, Any]:
    """Stage 1 of a request that has been checked; remembered for a while.

    Raises:
        InfeasibleBudgetError: nothing fits.
    """
    return _table(
        request.space_for(card.native_resolution),
        _Task(request, card.classes, card.input_channels, card.native_resolution),
    )


class _Task:
    """What stage 1 depends on, comparable: two requests that differ elsewhere are one."""

    def __init__(self, request: JobRequest, classes: int, channels: int, native: int) -> None:
        self.request, self.classes, self.channels = request, classes, channels
        self.resolutions = request.resolutions_for(native)
        self._key = (
            *(request.budget, request.target.name, request.schedules, request.fed, request.seed),
            *(classes, channels, self.resolutions),
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
