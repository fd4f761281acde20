"""Errors as RFC 9457 problem documents, with members that a program can use."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.limits import TooManyRequestsError
from api.store import (
    DatasetInUseError,
    IllegalTransitionError,
    KeyReusedError,
    NameTakenError,
    TooManyJobsError,
)
from api.uploads import DiskFullError, UploadTooLargeError
from tinynas.errors import InfeasibleBudgetError, InvalidInputError

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong (RFC 9457).

    `field`, `given` and `allowed` are there where one value of the request is to blame,
    `required_bytes` and `budget_bytes` where nothing fits the budget.
    """

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = Field(default=None, examples=["sram"])
    given: Any = Field(default=None, examples=[1024])
    allowed: Any = Field(default=None, examples=["at least 9216 bytes"])
    required_bytes: int | None = Field(default=None, examples=[9216])
    budget_bytes: int | None = Field(default=None, examples=[1024])


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def problem(
    status: int, detail: str, kind: str | None, members: Mapping[str, Any]
) -> dict[str, Any]:
    """The document; `kind` is the last part of its type, without one the status says it all."""
    return {
        "type": f"urn:tinynas:problem:{kind}" if kind else "about:blank",
        "title": kind.replace("-", " ").capitalize() if kind else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **{name: value for name, value in members.items() if value is not None},
    }


class ProblemResponse(Response):
    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        """As `problem`."""
        document = problem(status, detail, kind, members)
        super().__init__(json.dumps(document, default=str), status_code=status, headers=headers)


class ProblemsForText:
    """Turns what the framework refuses in plain text (a body too long, a range beyond the end)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: Message | None = None

        async def send_problem(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and _is_text_refusal(message):
                refusal = message
            elif refusal is None:
                await send(message)
            elif not message.get("more_body"):
                headers = Headers(raw=refusal["headers"])
                kept = {k: v for k, v in headers.items() if k not in _OF_A_BODY}
                detail = message["body"].decode() or HTTPStatus(refusal["status"]).phrase
                refused = ProblemResponse(refusal["status"], detail, headers=kept)
                await refused(scope, receive, send)

        await self._app(scope, receive, send_problem)


_OF_A_BODY = ("content-type", "content-length")


def _is_text_refusal(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= 400 and kind.startswith("text/plain")


async def _http_error(_: Request, error: HTTPException) -> Response:
    return ProblemResponse(error.status_code, str(error.detail), headers=error.headers)


async def _wrong_shape(_: Request, error: RequestValidationError) -> Response:
    found = [_of_pydantic(e) for e in error.errors()]
    detail = "; ".join(f"{e['field']}: {e['allowed']}" for e in found)
    return ProblemResponse(422, detail, kind="invalid-request", **found[0], errors=found)


def _of_pydantic(error: Mapping[str, Any]) -> dict[str, Any]:
    where, *rest = error["loc"]
    rest = rest[:1] if where == "query" else rest  # which of several values does not matter
    name = ".".join(str(part) for part in rest) or str(where)
    given = error.get("input")
    if isinstance(given, bytes):
        given = given.decode(errors="replace")
    return {"field": name, "given": given, "allowed": error["msg"]}


async def _wrong_value(_: Request, error: InvalidInputError) -> Response:
    infeasible = isinstance(error, InfeasibleBudgetError)
    kind = "infeasible-budget" if infeasible else "invalid-request"
    return ProblemResponse(422, error.message, kind=kind, **error.details)


async def _wrong_state(_: Request, error: IllegalTransitionError) -> Response:
    return ProblemResponse(409, str(error), kind="wrong-state", state=str(error.state))


async def _reused_key(_: Request, error: KeyReusedError) -> Response:
    return ProblemResponse(
        422,
        "this Idempotency-Key came before with another body",
        kind="idempotency-key-reused",
        field="Idempotency-Key",
        given=str(error),
        allowed="a new key for each new body",
    )


async def _too_many(_: Request, error: TooManyRequestsError) -> Response:
    headers = {"Retry-After": str(error.seconds)}
    return ProblemResponse(
        429, str(error), kind="too-many-requests", headers=headers, retry_after=error.seconds
    )


async def _too_many_jobs(_: Request, error: TooManyJobsError) -> Response:
    allowed = f"at most {error.limit} jobs that wait or run"
    return ProblemResponse(429, str(error), kind="too-many-jobs", allowed=allowed)


async def _in_use(_: Request, error: DatasetInUseError) -> Response:
    return ProblemResponse(409, f"the data set is {error}", kind="in-use", jobs=error.jobs)


async def _name_taken(_: Request, error: NameTakenError) -> Response:
    return ProblemResponse(
        409,
        f"a data set of another archive is called {error}",
        kind="name-taken",
        field="name",
        given=str(error),
        allowed="a new name, or delete the other one first",
    )


async def _too_large(_: Request, error: UploadTooLargeError) -> Response:
    return ProblemResponse(
        413, str(error), kind="too-large", field="archive", allowed=f"at most {error.limit} bytes"
    )


async def _disk_full(_: Request, error: DiskFullError) -> Response:
    return ProblemResponse(507, str(error), kind="disk-full")


async def _defect(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return ProblemResponse(500, "a defect of this service; its log has the details")


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    HTTPException: _http_error,
    RequestValidationError: _wrong_shape,
    InvalidInputError: _wrong_value,
    IllegalTransitionError: _wrong_state,
    KeyReusedError: _reused_key,
    TooManyRequestsError: _too_many,
    TooManyJobsError: _too_many_jobs,
    DatasetInUseError: _in_use,
    NameTakenError: _name_taken,
    UploadTooLargeError: _too_large,
    DiskFullError: _disk_full,
    Exception: _defect,
}


def add_handlers(app: FastAPI) -> None:
    """Every error of `app` leaves as a problem document."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
