"""Everything about a request that can be known before work starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from api.access import Principal
from api.store import Store, find_dataset
from api.supernets import GivenSupernet, given_supernet
from tinynas.data import DatasetCard, dataset_card, dataset_cards
from tinynas.data.photos import TEST_SHARE, VALIDATION_SHARE
from tinynas.devices import Device
from tinynas.errors import InvalidInputError
from tinynas.request import JobRequest, check_request
from tinynas.spaces import SearchSpace
from tinynas.subspace import SmallestNetworks, smallest_networks

REMEMBERED = 256
"""What the smallest networks of so many tasks need: half a second each to find out, and a few
kilobytes to keep."""


@dataclass(frozen=True)
class CheckedRequest:
    """A request as it is to be run; `dataset_id` of the upload that its data set is, if it is.

    Stage 1 chooses in `space` among `resolutions` (pixels), of `supernet` where one is given.
    """

    request: JobRequest
    card: DatasetCard
    dataset_id: str | None
    space: SearchSpace
    resolutions: tuple[int, ...]
    supernet: GivenSupernet | None = None


def check_job(request: JobRequest, store: Store, caller: Principal) -> CheckedRequest:
    """`settle`, and whether anything fits.

    Raises:
        InvalidInputError: names the field, what was given and what is allowed.
        InfeasibleBudgetError: no network of the space fits, with the smallest budget that would do.
    """
    checked = settle(request, store, caller)
    request, card = checked.request, checked.card
    _smallest(
        checked.space,
        request.target,
        request.schedules,
        request.fed,
        card.classes,
        card.input_channels,
        checked.resolutions,
    ).check(request.budget)
    return checked


def settle(request: JobRequest, store: Store, caller: Principal) -> CheckedRequest:
    """What the request's names mean here, and what stage 1 may choose from.

    Raises:
        InvalidInputError: names the field, what was given and what is allowed.
    """
    for field in ("space", "device"):
        _check_name(field, getattr(request, field))
    card, dataset_id = find_card(request.dataset, store, caller)
    request = replace(request, dataset=card.name)
    check_request(request)
    if request.supernet is not None:
        given = given_supernet(request, dataset_id, store, caller)
        request = replace(request, supernet=given.job_id, space=given.space.name)
        return CheckedRequest(request, card, dataset_id, given.space, given.resolutions, given)
    native = card.native_resolution
    space, resolutions = request.space_for(native), request.resolutions_for(native)
    return CheckedRequest(request, card, dataset_id, space, resolutions)


def _check_name(field: str, given: str | None) -> None:
    """The library reads spaces and devices from files, too; a caller's are not on this machine, and
    a refusal would show what is in those that are."""
    if given is not None and given.lower().endswith(".yaml"):
        raise InvalidInputError(
            f"{given!r} is a file; the service knows {field}s by name alone",
            field=field,
            given=given,
            allowed="a name",
        )


@lru_cache(maxsize=REMEMBERED)
def _smallest(
    space: SearchSpace,
    device: Device,
    schedules: str,
    fed: bool,
    classes: int,
    input_channels: int,
    resolutions: tuple[int, ...],
) -> SmallestNetworks:
    return smallest_networks(
        space,
        classes=classes,
        input_channels=input_channels,
        device=device,
        schedules=schedules,
        fed=fed,
        resolutions=resolutions,
    )


def find_card(name: str, store: Store, caller: Principal) -> tuple[DatasetCard, str | None]:
    """What is known of a data set that the caller may use, and its id if it was uploaded.

    Raises:
        InvalidInputError: the caller has none of this name (a folder's would be this machine's).
    """
    if any(card.name == name.lower() for card in dataset_cards()):
        return dataset_card(name), None
    with store.read() as session:
        upload = find_dataset(session, caller.owner, name, everyone=caller.everything)
    if upload is None:
        raise InvalidInputError(
            f"no data set is called {name!r}; built in are "
            f"{', '.join(card.name for card in dataset_cards())}, others have to be uploaded first",
            field="dataset",
            given=name,
            allowed="a name or id of GET /datasets",
        )
    card = DatasetCard(
        upload.name,
        classes=len(upload.classes),
        input_channels=upload.input_channels,
        native_resolution=upload.native_resolution,
        train_images=round(upload.images * (1 - TEST_SHARE) * (1 - VALIDATION_SHARE)),
    )
    return card, upload.id
