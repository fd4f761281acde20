"""What a job produces: stage 1's table, stage 2's candidates, finished files."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response
from starlette.exceptions import HTTPException

from api.access import Caller
from api.dependencies import JobId, SettingsDep, StoreDep, the_job
from api.downloads import file_response, matches
from api.problems import documented
from api.schemas import ArtifactOut, Page
from api.store import find_artifact, list_artifacts, list_candidates, subspaces_of

router = APIRouter(prefix="/jobs/{job_id}", tags=["results"])
ArtifactName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200)]


@router.get("/subspaces", responses=documented(404))
def subspaces(job_id: JobId, store: StoreDep, caller: Caller) -> dict[str, Any]:
    """Stage 1: every (width, resolution) with the distribution of MACs of what fits."""
    with store.read() as session:
        the_job(session, job_id, caller)
        table = subspaces_of(session, job_id)
    if table is None:
        raise HTTPException(404, f"job {job_id} has no subspaces yet: stage 1 has not ended")
    return table


@router.get("/candidates", response_model=Page[dict[str, Any]], responses=documented(404))
def candidates(
    job_id: JobId,
    store: StoreDep,
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    cursor: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    pareto: bool | None = None,
) -> Response:
    """Stage 2: networks in the order they were measured; `pareto=true` for the front alone."""
    with store.read() as session:
        the_job(session, job_id, caller)
        rows = list_candidates(session, job_id, limit=limit + 1, after=cursor, pareto=pareto)
    page = rows[:limit]
    more = json.dumps(str(page[-1].number) if len(rows) > limit else None)
    # Put together from the text that is stored: reading and writing it again took most of the time.
    text = f'{{"items": [{", ".join(row.json for row in page)}], "next_cursor": {more}}}'
    return Response(text, media_type="application/json")


@router.get("/artifacts", responses=documented(404))
def artifacts(job_id: JobId, store: StoreDep, caller: Caller) -> Page[ArtifactOut]:
    """The job's finished files, all of them."""
    with store.read() as session:
        the_job(session, job_id, caller)
        found = list_artifacts(session, job_id)
    return Page(items=[ArtifactOut.model_validate(artifact) for artifact in found])


@router.get(
    "/artifacts/{name}",
    response_class=Response,
    responses=documented(404, 416)
    | {
        200: {"description": "The file.", "content": {"*/*": {}}},
        206: {"description": "The part that Range asks for."},
        304: {"description": "The client has it: its sha256 is the ETag."},
    },
)
def download(
    job_id: JobId,
    name: ArtifactName,
    store: StoreDep,
    caller: Caller,
    settings: SettingsDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """One file, or the part of it that `Range` asks for."""
    with store.read() as session:
        the_job(session, job_id, caller)
        artifact = find_artifact(session, job_id, name)
    path = settings.storage / artifact.path if artifact else None
    if artifact is None or path is None or not path.is_file():
        raise HTTPException(404, f"job {job_id} has no artifact {name}")
    if matches(if_none_match, artifact.sha256):
        return Response(status_code=304, headers={"ETag": f'"{artifact.sha256}"'})
    return file_response(artifact, path)
