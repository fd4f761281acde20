"""The application: routes, guards, problem documents, dashboard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import FileResponse, Response

from api.access import Access, require_by_method
from api.accesslog import AccessLog
from api.compress import CompressText
from api.examples import put_examples
from api.guard import Guard
from api.news import News
from api.problems import Problem, ProblemsForText, add_handlers, documented
from api.routes import (
    candidates,
    catalogue,
    datasets,
    estimate,
    events,
    health,
    jobs,
    preview,
    results,
)
from api.schemas import EventOut
from api.settings import Settings
from api.uploads import sweep_uploads
from api.watch import EventWatch
from tinynas.report import SHARED_STYLES

DASHBOARD = Path(__file__).parent / "dashboard"
MAX_BODY_BYTES = 64 * 1024
DESCRIPTION = """Finds, trains and compiles the most accurate network that fits a microcontroller.

Errors are RFC 9457 problem documents; lists are read page by page with `next_cursor`."""


class Application(FastAPI):
    """Its OpenAPI document is made when it is first asked for."""

    def openapi(self) -> dict[str, Any]:
        """FastAPI's, with the schemas that routes refer to by name, and examples of everything."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            schemas["EventOut"] = EventOut.model_json_schema()
            stream = document["paths"]["/api/v1/jobs/{job_id}/events"]["get"]["responses"]["200"]
            del stream["content"]["text/event-stream"]["schema"]  # its items have one, it has none
            put_examples(document)
        return super().openapi()


def create_app(settings: Settings) -> FastAPI:
    """The API on the database that `settings` name; its tables are made where they are missing."""
    store = settings.open_store()
    access = Access(settings, store)
    watch = EventWatch(
        store, poll_seconds=settings.event_poll_seconds, max_listeners=settings.max_listeners
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(sweep_uploads, settings.uploads)
        async with watch.running():
            yield
        store.close()

    app = Application(
        title="tinynas",
        version=version("tinynas"),
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/api/v1/openapi.json",
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings, app.state.store = settings, store
    app.state.access, app.state.watch, app.state.news = access, watch, News(store)
    api = APIRouter(
        prefix="/api/v1",
        dependencies=[Depends(require_by_method)],
        responses=documented(401, 403, 422, 429),
        max_body_size=MAX_BODY_BYTES,
    )
    for module in (jobs, preview, estimate, events, results, candidates, catalogue):
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(  # its bodies are long, and counted as they come
        datasets.router,
        prefix="/api/v1",
        dependencies=[Depends(require_by_method)],
        responses=documented(401, 403, 422, 429),
    )
    app.include_router(health.router)
    for sheet in SHARED_STYLES:
        app.add_api_route(f"/css/{sheet.name}", _file(sheet), include_in_schema=False)
    app.frontend("/", directory=DASHBOARD, fallback=None)  # its pages are after the #
    app.add_middleware(CompressText)
    app.add_middleware(ProblemsForText)
    app.add_middleware(Guard, access=access)
    app.add_middleware(AccessLog)
    add_handlers(app)
    app.add_exception_handler(events.NothingMoreError, _nothing_more)
    return app


def _file(path: Path) -> Callable[[], FileResponse]:
    """A route that answers with one file."""

    def answer() -> FileResponse:
        return FileResponse(path)

    return answer


async def _nothing_more(_: Request, __: Exception) -> Response:
    return Response(status_code=204)
