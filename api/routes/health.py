"""Whether the service lives, whether it can work, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from api.access import require_metrics
from api.dependencies import StoreDep
from api.metrics import exposition
from api.problems import documented
from api.store import is_current

router = APIRouter(tags=["operation"])


@router.get("/healthz")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=documented(503))
def ready(store: StoreDep) -> dict[str, str]:
    """The database answers, and has this version's tables."""
    try:
        current = is_current(store.engine)
    except SQLAlchemyError as error:
        raise HTTPException(503, "the database does not answer") from error
    if not current:
        raise HTTPException(503, "the database's tables are of another version")
    return {"status": "ready"}


@router.get(
    "/metrics",
    dependencies=[Depends(require_metrics)],
    response_class=PlainTextResponse,
    responses=documented(401, 403),
)
def metrics(store: StoreDep) -> Response:
    """Counters in Prometheus' text format."""
    return Response(exposition(store), media_type="text/plain; version=0.0.4; charset=utf-8")
