"""API keys: made by a command, shown once, kept as a hash, withdrawn at any time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.tables import ApiKey, utc_now

_PREFIX = "tn"


class Scope(StrEnum):
    """read: see one's own.  write: submit, steer, upload, delete one's own.  metrics: read
    `/metrics`.  admin: all of that, for everything of everybody."""

    READ = "read"
    WRITE = "write"
    METRICS = "metrics"
    ADMIN = "admin"


def create_key(
    session: Session,
    *,
    owner: str,
    name: str,
    scopes: Sequence[Scope],
    expires: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key, and its text, which is not kept."""
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        owner=owner,
        name=name,
        scopes={"scopes": [str(scope) for scope in scopes]},
        secret_sha256=_digest(secret),
        expires=expires,
    )
    session.add(key)
    session.flush()
    return key, f"{_PREFIX}_{key.id}_{secret}"


def find_key(session: Session, text: str, *, now: datetime | None = None) -> ApiKey | None:
    """The key that `text` is, unless it was revoked or has expired."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    key = session.get(ApiKey, key_id) if prefix == _PREFIX and len(key_id) == 26 else None
    if key is None or not hmac.compare_digest(key.secret_sha256, _digest(secret)):
        return None
    ended = key.revoked is not None or (key.expires and key.expires <= (now or utc_now()))
    return None if ended else key


def scopes_of(key: ApiKey) -> frozenset[Scope]:
    return frozenset(Scope(scope) for scope in key.scopes["scopes"])


def any_key(session: Session) -> bool:
    """Whether a key was ever made, withdrawn or not: from then on the service wants one."""
    return session.scalar(select(ApiKey.id).limit(1)) is not None


def list_keys(session: Session) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).order_by(ApiKey.id)).all()


def revoke_key(session: Session, key_id: str) -> ApiKey | None:
    """Withdraw a key; None where there is none of this id."""
    key = session.get(ApiKey, key_id)
    if key is not None and key.revoked is None:
        key.revoked = utc_now()
    return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
