"""Owners: each sees what is theirs, as far as their key reaches, as often as is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from archives import members, zipped
from fastapi.testclient import TestClient

from api.app import create_app
from api.limits import RateLimiter, TooManyRequestsError
from api.settings import Settings
from api.store import Scope, Store, create_job, create_key, load_settings, revoke_key, utc_now
from tinynas.errors import InvalidInputError

JOBS = "/api/v1/jobs"
BODY = {"dataset": "digits", "device": "stm32f411xe"}


def key(store: Store, owner: str, *scopes: Scope, lifetime: timedelta | None = None) -> str:
    expires = utc_now() + lifetime if lifetime else None
    with store.write() as session:
        return create_key(session, owner=owner, name="test", scopes=scopes, expires=expires)[1]


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[TestClient]:
    """A service that listens everywhere, with an operator's key."""
    settings = load_settings(
        Settings, home=tmp_path, host="0.0.0.0", api_key="operator-operator-operator"
    )
    with TestClient(create_app(settings), base_url="http://nas.example") as client:
        yield client


def test_owners_see_their_own_jobs_and_the_operator_all(keyed: TestClient, store: Store) -> None:
    alice, bob = (bearer(key(store, owner, Scope.READ, Scope.WRITE)) for owner in ("alice", "bob"))
    job = keyed.post(JOBS, json=BODY, headers=alice).json()
    assert job["owner"] == "alice"
    place = f"{JOBS}/{job['id']}"
    assert [j["id"] for j in keyed.get(JOBS, headers=alice).json()["items"]] == [job["id"]]
    assert keyed.get(JOBS, headers=bob).json()["items"] == []
    for method, path in (
        ("GET", place),
        ("GET", f"{place}/events"),
        ("GET", f"{place}/candidates"),
        ("GET", f"{place}/candidates/0"),
        ("POST", f"{place}/candidates/0/promote"),
        ("GET", f"{place}/subspaces"),
        ("GET", f"{place}/artifacts"),
        ("GET", f"{place}/artifacts/log.txt"),
        ("POST", f"{place}/cancel"),
        ("POST", f"{place}/resume"),
        ("DELETE", place),
    ):
        answer = keyed.request(method, path, headers=bob)
        assert (answer.status_code, path) == (404, path)
    foreign = keyed.post(JOBS, json=BODY | {"supernet": job["id"]}, headers=bob)
    assert (foreign.status_code, foreign.json()["field"]) == (422, "supernet")
    assert foreign.json()["detail"] == f"there is no job {job['id']}"
    operator = bearer("operator-operator-operator")
    assert [j["id"] for j in keyed.get(JOBS, headers=operator).json()["items"]] == [job["id"]]
    assert keyed.post(f"{place}/cancel", headers=operator).status_code == 202


def test_owners_have_their_own_data_sets_under_names_of_their_own(
    keyed: TestClient, store: Store
) -> None:
    owners = [bearer(key(store, owner, Scope.READ, Scope.WRITE)) for owner in ("alice", "bob")]
    for each, headers in enumerate(owners, start=6):
        answer = keyed.post(
            "/api/v1/datasets?name=pets",
            content=zipped(members(each=each)),
            headers=headers | {"Content-Type": "application/zip"},
        )
        assert answer.status_code == 201
    alice, bob = (keyed.get("/api/v1/datasets/pets", headers=h).json() for h in owners)
    assert (alice["images"], bob["images"]) == (12, 14)
    assert keyed.get(f"/api/v1/datasets/{bob['id']}", headers=owners[0]).status_code == 404
    assert keyed.delete(f"/api/v1/datasets/{bob['id']}", headers=owners[0]).status_code == 404
    job = keyed.post(JOBS, json=BODY | {"dataset": "pets"}, headers=owners[1]).json()
    assert job["dataset_id"] == bob["id"]
    foreign = keyed.post(JOBS, json=BODY | {"dataset": bob["id"]}, headers=owners[0])
    assert (foreign.status_code, foreign.json()["field"]) == (422, "dataset")


def test_a_key_reaches_as_far_as_its_scopes(keyed: TestClient, store: Store) -> None:
    reader, writer, scraper = (
        bearer(key(store, "alice", scope)) for scope in (Scope.READ, Scope.WRITE, Scope.METRICS)
    )
    assert keyed.get(JOBS, headers=reader).is_success
    assert keyed.post(JOBS, json=BODY, headers=reader).status_code == 403
    assert keyed.post(JOBS, json=BODY, headers=writer).status_code == 202
    assert keyed.get(JOBS, headers=writer).status_code == 403
    assert keyed.get("/metrics", headers=reader).status_code == 403
    assert keyed.get("/metrics", headers=scraper).is_success
    refused = keyed.get(JOBS, headers=scraper)
    assert refused.headers["content-type"] == "application/problem+json"
    assert keyed.get(JOBS, headers=bearer(key(store, "root", Scope.ADMIN))).is_success


def test_a_key_ends_when_it_is_revoked_or_has_expired(keyed: TestClient, store: Store) -> None:
    text = key(store, "alice", Scope.READ)
    assert keyed.get(JOBS, headers=bearer(text)).is_success
    with store.write() as session:
        revoke_key(session, text.split("_")[1])
    assert keyed.get(JOBS, headers=bearer(text)).status_code == 401
    old = key(store, "alice", Scope.READ, lifetime=timedelta(seconds=-1))
    assert keyed.get(JOBS, headers=bearer(old)).status_code == 401


@pytest.mark.parametrize("text", ["", "x", "tn_", "tn_0_0", "tn_" + "0" * 26 + "_x", "tn__"])
def test_what_is_no_key_is_no_key(keyed: TestClient, text: str) -> None:
    assert keyed.get(JOBS, headers=bearer(text)).status_code == 401


def test_the_secret_is_not_in_the_database(store: Store, tmp_path: Path) -> None:
    secret = key(store, "alice", Scope.READ).split("_", 2)[2]
    store.close()
    files = [file for file in tmp_path.rglob("tinynas.db*") if file.is_file()]
    assert files
    assert not any(secret.encode() in file.read_bytes() for file in files)


def test_the_first_key_closes_an_open_service(client: TestClient, store: Store) -> None:
    assert client.get(JOBS).is_success
    text = key(store, "alice", Scope.READ)
    assert client.get(JOBS).status_code == 401
    assert client.get(JOBS, headers=bearer(text)).is_success


def test_a_service_without_any_key_does_not_listen_elsewhere(tmp_path: Path) -> None:
    settings = load_settings(Settings, home=tmp_path, host="0.0.0.0")
    with pytest.raises(InvalidInputError, match="without an API key"):
        create_app(settings)
    store = settings.open_store()
    key(store, "alice", Scope.READ)
    create_app(settings)


def test_many_requests_have_to_wait(tmp_path: Path) -> None:
    settings = load_settings(Settings, home=tmp_path, requests_per_minute=8)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        answers = [client.get(JOBS) for _ in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 429, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 8
        assert answers[-1].json()["type"] == "urn:tinynas:problem:too-many-requests"
        assert client.get("/healthz").is_success


def test_a_preview_and_an_estimate_of_it_are_counted_each_for_itself(tmp_path: Path) -> None:
    settings = load_settings(Settings, home=tmp_path, previews_per_minute=4)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        asked = ("preview", "estimate", "preview", "estimate")
        answers = [client.post(f"{JOBS}/{what}", json=BODY).status_code for what in asked]
    assert answers == [200, 200, 429, 429]


def test_keys_cannot_be_guessed_quickly(tmp_path: Path) -> None:
    settings = load_settings(
        Settings, home=tmp_path, api_key="operator-operator-operator", failures_per_minute=8
    )
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        tries = [client.get(JOBS, headers=bearer(f"guess {i}")).status_code for i in range(3)]
        assert tries == [401, 401, 429]
        assert client.get(JOBS, headers=bearer("operator-operator-operator")).is_success


def test_a_bucket_fills_again() -> None:
    now = 0.0
    limiter = RateLimiter(60, clock=lambda: now)
    for _ in range(15):
        limiter.take("a")
    with pytest.raises(TooManyRequestsError) as refused:
        limiter.take("a")
    assert refused.value.seconds == 1
    limiter.take("b")
    now = 1.5
    limiter.take("a")
    with pytest.raises(TooManyRequestsError):
        limiter.take("a")


def test_an_owner_has_so_many_jobs_at_a_time(tmp_path: Path) -> None:
    settings = load_settings(Settings, home=tmp_path, max_active_jobs=2)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        jobs = [client.post(JOBS, json=BODY, headers={"Idempotency-Key": str(i)}) for i in (1, 2)]
        third = client.post(JOBS, json=BODY)
        assert (third.status_code, third.json()["type"]) == (
            429,
            "urn:tinynas:problem:too-many-jobs",
        )
        again = client.post(JOBS, json=BODY, headers={"Idempotency-Key": "1"})
        assert again.json()["id"] == jobs[0].json()["id"]
        client.post(f"{JOBS}/{jobs[0].json()['id']}/cancel")
        assert client.post(JOBS, json=BODY).status_code == 202


def test_an_owner_follows_so_many_jobs_at_a_time(tmp_path: Path) -> None:
    settings = load_settings(Settings, home=tmp_path, max_listeners=1)
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        with app.state.store.write() as session:
            job_id = create_job(session, BODY, name="job")[0].id
        with app.state.watch.follow("another", None):
            refused = client.get(f"{JOBS}/{job_id}/events")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
