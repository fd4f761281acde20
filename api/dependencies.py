"""What routes are handed: the store, the settings, the job that the path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from api.access import Principal
from api.news import News
from api.settings import Settings
from api.store import Job, Store, find_job
from api.store.ids import LENGTH
from api.watch import EventWatch


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _watch(request: Request) -> EventWatch:
    watch: EventWatch = request.app.state.watch
    return watch


def _news(request: Request) -> News:
    news: News = request.app.state.news
    return news


SettingsDep = Annotated[Settings, Depends(_settings)]
StoreDep = Annotated[Store, Depends(_store)]
NewsDep = Annotated[News, Depends(_news)]
WatchDep = Annotated[EventWatch, Depends(_watch)]
JobId = Annotated[
    str, Path(description="The job's id.", pattern=r"^[0-9A-Za-z]+$", max_length=LENGTH)
]


def visible_job(session: Session, job_id: str, caller: Principal) -> Job | None:
    """The job, if there is one that the caller may see."""
    job = find_job(session, job_id)
    return job if job and (caller.everything or job.owner == caller.owner) else None


def the_job(session: Session, job_id: str, caller: Principal) -> Job:
    """Raises: HTTPException: the caller has no such job (404)."""
    job = visible_job(session, job_id, caller)
    if job is None:
        raise HTTPException(404, f"there is no job {job_id}")
    return job
