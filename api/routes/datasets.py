"""Data sets: those that have a name everywhere, and those that people upload."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

from api.access import Caller, Principal
from api.dependencies import SettingsDep, StoreDep
from api.problems import documented
from api.schemas import DatasetOut, Page
from api.settings import Settings
from api.store import (
    Dataset,
    NameTakenError,
    Store,
    delete_dataset,
    find_dataset,
    list_datasets,
    stored_bytes,
)
from api.store.ids import new_id
from api.uploads import (
    DatasetFacts,
    UploadLimits,
    UploadTooLargeError,
    receive,
)
from tinynas.data import dataset_cards
from tinynas.errors import InvalidInputError

router = APIRouter(prefix="/datasets", tags=["data sets"])
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
NewName = Annotated[
    str,
    Query(
        pattern=NAME,
        description="What jobs will call it; must be new among one's own data sets.",
        examples=["my-photos"],
    ),
]
NameOrId = Annotated[
    str,
    Path(description="A name, or an upload's id.", pattern=r"^[0-9A-Za-z._-]+$", max_length=64),
]
_ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


@router.get("")
def index(store: StoreDep, caller: Caller) -> Page[DatasetOut]:
    """The data sets that jobs may name: built-in ones first, then one's own uploads."""
    with store.read() as session:
        uploads = list_datasets(session, caller.owner, everyone=caller.everything)
    items = [DatasetOut.of_card(card) for card in dataset_cards()]
    return Page(items=items + [DatasetOut.of_upload(upload) for upload in uploads])


@router.get("/{dataset}", responses=documented(404))
def read(dataset: NameOrId, store: StoreDep, caller: Caller) -> DatasetOut:
    """One data set."""
    card = next((card for card in dataset_cards() if card.name == dataset.lower()), None)
    if card is not None:
        return DatasetOut.of_card(card)
    return DatasetOut.of_upload(_upload(store, caller, dataset))


@router.post(
    "",
    status_code=201,
    responses=documented(400, 409, 413, 415, 507),
    openapi_extra={"requestBody": {"required": True, "content": _ZIP}},
)
async def create(
    request: Request,
    name: NewName,
    store: StoreDep,
    settings: SettingsDep,
    caller: Caller,
    response: Response,
    skip_bad_files: Annotated[
        bool, Query(description="Leave out files that are no whole images, instead of refusing.")
    ] = False,
) -> DatasetOut:
    """Upload a data set: the body is a zip of class folders (or of `train`, `val`, `test` with
    class folders in them).

    Every image is looked at before the answer comes.  The same archive under the same name again
    is answered with what it made the first time.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in ("application/zip", "application/x-zip-compressed", "application/octet-stream"):
        raise HTTPException(415, "the body must be a zip: Content-Type application/zip")
    declared = request.headers.get("content-length")
    if declared is not None and int(declared) > settings.max_upload_bytes:
        raise UploadTooLargeError(settings.max_upload_bytes)
    room = await asyncio.to_thread(_room, store, settings, caller, name)
    limits = UploadLimits(settings.max_upload_bytes, room, settings.max_images)
    async with receive(
        request.stream(),
        settings.uploads,
        limits,
        skip_bad_files=skip_bad_files,
        min_free_bytes=settings.min_free_bytes,
    ) as (folder, facts, sha256):
        row = _row(caller, name, facts, sha256)
        target = settings.dataset_folder(row.id, name)
        upload = await asyncio.to_thread(_keep, store, row, folder, target)
    response.headers["Location"] = f"/api/v1/datasets/{upload.id}"
    return DatasetOut.of_upload(upload, bad_files=facts.bad_files)


@router.delete("/{dataset}", status_code=204, responses=documented(404, 409))
def delete(dataset: NameOrId, store: StoreDep, settings: SettingsDep, caller: Caller) -> None:
    """Delete an upload that no waiting or running job needs."""
    if any(card.name == dataset.lower() for card in dataset_cards()):
        raise HTTPException(409, f"{dataset} comes with the service and cannot be deleted")
    upload = _upload(store, caller, dataset)
    with store.write() as session:
        delete_dataset(session, session.merge(upload))
    folder = settings.dataset_folder(upload.id, upload.name).parent
    shutil.rmtree(folder, ignore_errors=True)


def _upload(store: Store, caller: Principal, name_or_id: str) -> Dataset:
    with store.read() as session:
        found = find_dataset(session, caller.owner, name_or_id, everyone=caller.everything)
    if found is None:
        raise HTTPException(404, f"there is no data set {name_or_id}")
    return found


def _room(store: Store, settings: Settings, caller: Principal, name: str) -> int:
    """How many bytes an owner's new data set may unpack to.

    Raises:
        InvalidInputError: the name is taken by the service.
        UploadTooLargeError: the owner's uploads fill their share.
    """
    if any(card.name == name for card in dataset_cards()):
        raise InvalidInputError(
            f"name: {name} is the name of a data set that comes with the service",
            field="name",
            given=name,
            allowed="another name",
        )
    with store.read() as session:
        left = settings.max_stored_bytes - stored_bytes(session, caller.owner)
    if left <= 0:
        raise UploadTooLargeError(settings.max_stored_bytes)
    return min(left, settings.max_unpacked_bytes)


def _row(caller: Principal, name: str, facts: DatasetFacts, sha256: str) -> Dataset:
    values: dict[str, Any] = {
        "classes": facts.classes,
        "images": facts.images,
        "input_channels": facts.input_channels,
        "native_resolution": facts.native_resolution,
        "bytes": facts.bytes,
        "skipped": facts.skipped,
    }
    return Dataset(id=new_id(), owner=caller.owner or "", name=name, sha256=sha256, **values)


def _keep(store: Store, row: Dataset, folder: FilePath, target: FilePath) -> Dataset:
    """Put the folder in its place and tell the database; the row that is there now."""
    known = _known(store, row)
    if known is not None:
        return known
    target.parent.mkdir(parents=True)
    folder.rename(target)
    try:
        with store.write() as session:
            session.add(row)
    except IntegrityError:  # the same name came twice at once
        shutil.rmtree(target.parent, ignore_errors=True)
        known = _known(store, row)
        if known is None:
            raise
        return known
    except BaseException:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise
    return row


def _known(store: Store, row: Dataset) -> Dataset | None:
    """What the owner has under this name.

    Raises:
        NameTakenError: it came from another archive.
    """
    with store.read() as session:
        known = find_dataset(session, row.owner or None, row.name)
    if known is not None and known.sha256 != row.sha256:
        raise NameTakenError(row.name)
    return known
