"""Everything about a request that can be known before work starts."""

from __future__ import annotations

from tinynas.request import JobRequest, check_request


def check_job(request: JobRequest) -> JobRequest:
    """The request, as it is to be run.

    Raises:
        InvalidInputError: names the field, what was given and what is allowed.
        InfeasibleBudgetError: no network of the space fits, with the smallest budget that would do.
    """
    check_request(request)
    return request
