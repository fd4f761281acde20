"""Data sets over REST: what is taken in, what is refused, and that nothing of it is left behind."""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from archives import members, png, zipped
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.store import Store, find_job, load_settings, take_job
from api.uploads import UploadLimits, sweep_uploads
from api.uploads.__main__ import look
from tinynas.data import load_dataset

DATASETS = "/api/v1/datasets"


def upload(client: TestClient, content: bytes, name: str = "pets", **query: Any) -> httpx2.Response:
    return client.post(
        DATASETS,
        params={"name": name, **query},
        content=content,
        headers={"Content-Type": "application/zip"},
    )


def files_in(settings: Settings) -> list[Path]:
    return [path for path in settings.storage.rglob("*") if path.is_file()]


def test_an_upload_is_a_data_set_that_jobs_may_name(
    client: TestClient, settings: Settings, store: Store
) -> None:
    answer = upload(client, zipped(members()))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["kind"], made["classes"]) == ("pets", "uploaded", 2)
    assert made["class_images"] == {"cat": 6, "dog": 6}
    assert (made["images"], made["input_channels"], made["native_resolution"]) == (12, 3, 12)
    assert client.get(answer.headers["location"]).json()["name"] == "pets"
    assert "pets" in {d["name"] for d in client.get(DATASETS).json()["items"]}
    body = {"dataset": "pets", "device": "stm32f746zg"}
    job = client.post("/api/v1/jobs", json=body)
    assert (job.status_code, job.json()["dataset_id"]) == (202, made["id"])
    loaded = load_dataset(settings.dataset_folder(made["id"], "pets"))
    assert (loaded.name, loaded.classes, loaded.native_resolution) == ("pets", ("cat", "dog"), 12)
    assert loaded.input_channels == 3
    refused = client.delete(f"{DATASETS}/pets")
    assert (refused.status_code, refused.json()["jobs"]) == (409, [job.json()["id"]])
    client.post(f"/api/v1/jobs/{job.json()['id']}/cancel")
    assert client.delete(f"{DATASETS}/pets").status_code == 204
    assert client.get(f"{DATASETS}/{made['id']}").status_code == 404
    assert files_in(settings) == []
    with store.read() as session:
        kept = find_job(session, job.json()["id"])
        assert kept is not None
        assert kept.dataset == "pets"


def test_an_upload_is_the_data_set_that_the_folder_was(
    client: TestClient, settings: Settings, tmp_path: Path
) -> None:
    files = members(("b", "a"), root="photos/train/")
    files |= members(("a", "b"), 2, root="photos/val/", first_seed=500)
    for name, content in files.items():
        target = tmp_path / "there" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    made = upload(client, zipped(files)).json()
    here = load_dataset(settings.dataset_folder(made["id"], "pets"))
    assert here.fingerprint == load_dataset(tmp_path / "there" / "photos").fingerprint


def test_grey_images_are_one_channel(client: TestClient) -> None:
    assert upload(client, zipped(members(colour=False))).json()["input_channels"] == 1


def test_the_same_archive_again_is_the_same_data_set(
    client: TestClient, settings: Settings
) -> None:
    content = zipped(members())
    first, again = (upload(client, content) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    other = upload(client, zipped(members(each=7)))
    assert (other.status_code, other.json()["field"]) == (409, "name")
    assert len(files_in(settings)) == 12


def link(name: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info, b"/etc/passwd"


def packed(name: str, method: int) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    return info, png(1)


def encrypted() -> bytes:
    """The flag alone is enough to be refused."""
    content = bytearray(zipped(members()))
    content[content.rfind(b"PK\1\2") + 8] |= 1
    return bytes(content)


def claims_members(count: int) -> bytes:
    """A Zip64 end that claims a million members, in a few bytes."""
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, 46 * count, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return wide + locator + end


HOSTILE = {
    "nothing": b"",
    "no zip": b"PK is how they begin, but not all that begins so",
    "cut off": zipped(members())[:-40],
    "without files": zipped({}),
    "one class": zipped(members(("cat",))),
    "too few of a class": zipped(members(each=6) | members(("emu",), 3)),
    "parent folder": zipped(members() | {"cat/../../../x.png": png(1)}),
    "absolute": zipped(members() | {"/cat/x.png": png(1)}),
    "backslash": zipped(members() | {"cat\\..\\x.png": png(1)}),
    "drive": zipped(members() | {"C:/x.png": png(1)}),
    "control character": zipped(members() | {"c\x1bat/x.png": png(1)}),
    "deep": zipped(members() | {"cat/" + "d/" * 20 + "x.png": png(1)}),
    "long name": zipped(members() | {"c" * 300 + "/x.png": png(1)}),
    "link": zipped(members(), link("cat/link.png")),
    "folder that is a link": zipped(members(), link("emu")),
    "lzma": zipped(members(), packed("cat/x.png", zipfile.ZIP_LZMA)),
    "encrypted": encrypted(),
    "a million members": claims_members(1_000_000),
    "no image": zipped(members() | {"cat/notes.txt": b"miaow"}),
    "half an image": zipped(members() | {"cat/half.png": png(1, side=64)[:-400]}),
    "PostScript": zipped(
        members() | {"cat/x.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9"}
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_data_set_is_refused(tmp_path: Path, case: str) -> None:
    archive, out = tmp_path / "archive.zip", tmp_path / "images"
    archive.write_bytes(HOSTILE[case])
    out.mkdir()
    limits = UploadLimits(1 << 20, 1 << 20, images=1000)
    error = look(archive, out, limits, skip_bad_files=False)["error"]
    assert (error["field"], bool(error["allowed"])) == ("archive", True)
    assert str(tmp_path) not in str(error)
    written = {path.resolve() for path in tmp_path.rglob("*") if path.is_file()} - {archive}
    assert all(path.is_relative_to(out) and not path.is_symlink() for path in written)


def test_a_refused_upload_leaves_nothing(client: TestClient, settings: Settings) -> None:
    answer = upload(client, HOSTILE["half an image"])
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["bad_files"] == ["cat/half.png"]
    assert files_in(settings) == []
    assert [d for d in client.get(DATASETS).json()["items"] if d["kind"] == "uploaded"] == []


def test_files_that_are_no_images_are_left_out_where_that_is_wished(client: TestClient) -> None:
    content = zipped(members() | {"cat/notes.txt": b"miaow", "__MACOSX/cat/x": b"", ".DS": b""})
    made = upload(client, content, skip_bad_files=True).json()
    assert (made["images"], made["skipped"], made["bad_files"]) == (12, 1, ["cat/notes.txt"])


@pytest.mark.parametrize("name", ["digits", "Photos", "../x", "a/b", "", ".hidden", "x" * 65])
def test_a_name_that_will_not_do_is_refused(client: TestClient, name: str) -> None:
    answer = upload(client, zipped(members()), name)
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


def test_what_is_not_called_a_zip_is_not_read(client: TestClient) -> None:
    answer = client.post(DATASETS, params={"name": "pets"}, content=b"{}")
    assert answer.status_code == 415


def test_built_in_data_sets_stay(client: TestClient) -> None:
    assert client.delete(f"{DATASETS}/digits").status_code == 409
    assert client.get(f"{DATASETS}/digits").json()["kind"] == "builtin"


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ({"max_upload_bytes": 2000}, 413),
        ({"max_unpacked_bytes": 4000}, 422),
        ({"max_images": 11}, 422),
        ({"min_free_bytes": 1 << 60}, 507),
    ],
)
def test_limits_are_kept(tmp_path: Path, limit: dict[str, int], status: int) -> None:
    settings = load_settings(Settings, home=tmp_path, **limit)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        content = zipped(members())
        assert upload(client, content).status_code == status
        if status == 413:  # what does not say how long it is is counted
            answer = client.post(
                DATASETS,
                params={"name": "pets"},
                content=iter([content[:1500], content[1500:]]),
                headers={"Content-Type": "application/zip"},
            )
            assert answer.status_code == 413
    assert files_in(settings) == []


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(zipped(members() | {"cat/zeros.png": bytes(32 << 20)}))
    assert archive.stat().st_size < 64_000
    limits = UploadLimits(1 << 20, 1 << 20, images=1000)
    error = look(archive, tmp_path / "images", limits, skip_bad_files=True)["error"]
    assert "unpacks to too much" in error["message"]


def test_what_a_killed_process_left_is_swept_and_work_in_progress_is_not(tmp_path: Path) -> None:
    from api.uploads.receive import _locked

    left, busy = tmp_path / "left", tmp_path / "busy"
    for folder in (left, busy):
        folder.mkdir()
        (folder / "archive.zip").write_bytes(b"PK")
    with _locked(busy):
        sweep_uploads(tmp_path)
    assert (left.exists(), busy.exists()) == (False, True)
    shutil.rmtree(busy)


def test_a_job_keeps_the_data_set_it_runs_on(client: TestClient, store: Store) -> None:
    upload(client, zipped(members()))
    client.post("/api/v1/jobs", json={"dataset": "pets", "device": "stm32f746zg"})
    with store.write() as session:
        assert take_job(session, "w", seconds=60) is not None
    assert client.delete(f"{DATASETS}/pets").status_code == 409
