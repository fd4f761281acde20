"""Who asks, and what that allows: API keys, their owners and scopes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from api.limits import RateLimiter
from api.settings import Settings
from api.store import Scope, Store, any_key, find_key, scopes_of
from tinynas.errors import InvalidInputError

# Asked with a body, but nothing is changed by them.
_QUESTIONS = frozenset({"/api/v1/jobs/preview", "/api/v1/jobs/estimate"})
_bearer = HTTPBearer(auto_error=False, description="A key of `tinynas keys create`.")


@dataclass(frozen=True)
class Principal:
    """Who asks.  `owner` is None for the operator: nobody's jobs are the operator's."""

    owner: str | None
    scopes: frozenset[Scope]
    key: str

    @property
    def everything(self) -> bool:
        """Whether what belongs to others is theirs to see and to steer, too."""
        return Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        return self.everything or scope in self.scopes


class Access:
    """Tells who asks by the key that is sent.

    The operator's key is `TINYNAS_API_KEY`; all others are in the database.  Where there was never
    any key and only this machine can reach the service, everybody is the operator.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        """
        Raises:
            InvalidInputError: others could reach the service, and no key would keep them out.
        """
        self._store = store
        self._operator_key = settings.api_key
        self.open = settings.api_key is None
        self._look_for_keys()
        self._limiter = RateLimiter(settings.requests_per_minute)
        self._strangers = RateLimiter(settings.failures_per_minute)
        self._previews = RateLimiter(settings.previews_per_minute)
        if self.open and not settings.loopback:
            raise InvalidInputError(
                f"refuses to listen on {settings.host} without an API key: make one with "
                "`tinynas keys create`, or set TINYNAS_API_KEY, or listen on 127.0.0.1",
                field="host",
                given=settings.host,
                allowed="a loopback address, as long as there is no key",
            )

    def _look_for_keys(self) -> None:
        if self.open:
            with self._store.read() as session:
                self.open = not any_key(session)

    def principal(self, sent: str | None, address: str) -> Principal:
        """
        Raises:
            HTTPException: 401, no key or a wrong one.
            TooManyRequestsError: too many of them within the minute.
        """
        self._look_for_keys()
        found = self._identify(sent)
        if found is None:
            self._strangers.take(address)
            raise HTTPException(
                401,
                "an API key is needed: Authorization: Bearer KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )
        self._limiter.take(found.key or address)
        return found

    def take_preview(self, caller: Principal, address: str, question: str) -> None:
        """Each question is counted by itself: a form that asks several is not refused sooner.

        Raises: TooManyRequestsError: of those requests that compute, too many.
        """
        self._previews.take(f"{question} {caller.key or address}")

    def _identify(self, sent: str | None) -> Principal | None:
        operator = Principal(None, frozenset({Scope.ADMIN}), "")
        if self.open:
            return operator
        if sent is None:
            return None
        wanted = self._operator_key.get_secret_value() if self._operator_key else None
        if wanted is not None and secrets.compare_digest(sent.encode(), wanted.encode()):
            return operator
        with self._store.read() as session:
            key = find_key(session, sent)
        return Principal(key.owner, scopes_of(key), key.id) if key else None


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _identify(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    access: Access = request.app.state.access
    sent = credentials.credentials if credentials else None
    return access.principal(sent, _address(request))


Caller = Annotated[Principal, Depends(_identify)]
"""Who asks; a route that names it is refused to others."""


def _costly(request: Request, caller: Caller) -> Principal:
    access: Access = request.app.state.access
    access.take_preview(caller, _address(request), request.url.path)
    return caller


Costly = Annotated[Principal, Depends(_costly)]
"""Who asks for something that computes, and may do so less often."""


def _check(caller: Principal, scope: Scope) -> None:
    if not caller.may(scope):
        raise HTTPException(403, f"this key has not the scope {scope}")


def require_by_method(request: Request, caller: Caller) -> None:
    """Refuse a read without the scope `read`, anything else without `write`."""
    reads = request.method in ("GET", "HEAD") or request.url.path in _QUESTIONS
    _check(caller, Scope.READ if reads else Scope.WRITE)


def require_metrics(caller: Caller) -> None:
    _check(caller, Scope.METRICS)
