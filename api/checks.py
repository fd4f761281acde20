"""Everything about a request that can be known before work starts."""

from __future__ import annotations

from dataclasses import replace

from tinynas.data import dataset_card
from tinynas.request import JobRequest, check_request
from tinynas.subspace import choose_subspace


def check_job(request: JobRequest) -> JobRequest:
    """The request, as it is to be run.

    Raises:
        InvalidInputError: names the field, what was given and what is allowed.
        InfeasibleBudgetError: no network of the space fits, with the smallest budget that would do.
    """
    card = dataset_card(request.dataset)  # a folder's name would be a path of this machine
    request = replace(request, dataset=card.name)
    check_request(request)
    # Stage 1 with one sample, which is the smallest network: it refuses what nothing fits.
    choose_subspace(
        request.space_for(card.native_resolution),
        request.budget,
        classes=card.classes,
        input_channels=card.input_channels,
        device=request.target,
        schedules=request.schedules,
        max_resolution=request.max_resolution(card.native_resolution),
        samples=1,
    )
    return request
