"""What a service answered instead of what was asked for."""

from __future__ import annotations

from typing import Any

import httpx

from tinynas.errors import TinynasError


class ProblemError(TinynasError):
    """A refusal (RFC 9457); its members are in `details`, with `field`, `given`, `allowed` among
    them where one value of the request is to blame."""

    def __init__(self, status: int, detail: str, **members: Any) -> None:
        super().__init__(detail, **members)
        self.status = status
        # The request was wrong (as in bad input), or the service failed.
        self.exit_code = 2 if 400 <= status < 500 else 1


class UnreachableError(TinynasError):
    """No service answers at the address."""


def raise_for_problem(response: httpx.Response) -> None:
    """Raises: ProblemError: the response is a refusal."""
    if response.is_success:
        return
    try:
        members = dict(response.json())
    except ValueError:
        members = {}
    members.pop("status", None)
    detail = str(members.pop("detail", "") or f"the service answered {response.status_code}")
    raise ProblemError(response.status_code, detail, **members)
