"""What holds for every route: problems, keys, host names, health, the description."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from api.app import create_app
from api.problems import MEDIA_TYPE
from api.settings import Settings
from api.store import (
    EVALUATIONS,
    Store,
    StoreSettings,
    add_step_time,
    count_up,
    downgrade,
    load_settings,
)
from tinynas.errors import InvalidInputError

LOOPBACK = "http://127.0.0.1"
KEY = "correct horse battery staple"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/api/v1/jobs", 405),
        ("DELETE", "/api/v1/devices", 405),
        ("POST", "/", 405),
        ("GET", "/api/v1/jobs/not-an-id", 422),
    ],
)
def test_every_refusal_is_a_problem(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["status"] == status


def test_a_defect_is_a_problem_that_gives_nothing_away(settings: Settings) -> None:
    app = create_app(settings)
    downgrade(app.state.store.engine, "base")
    with TestClient(app, base_url=LOOPBACK, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/jobs")
        assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
        assert "jobs" not in answer.json()["detail"]
        assert client.get("/healthz").status_code == 200
        not_ready = client.get("/readyz")
        assert (not_ready.status_code, not_ready.headers["content-type"]) == (503, MEDIA_TYPE)


def test_health_and_metrics(client: TestClient, store: Store) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.post("/api/v1/jobs", json={"dataset": "digits", "device": "stm32f411xe"})
    with store.write() as session:
        count_up(session, EVALUATIONS, 64)
        for seconds in (0.5, 30.0):
            add_step_time(session, "01", "search", seconds)
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'tinynas_jobs{state="queued"} 1' in metrics.text.splitlines()
    assert "tinynas_evaluations_total 64" in metrics.text.splitlines()
    for line in (
        'tinynas_step_seconds_bucket{step="search",le="10"} 1',
        'tinynas_step_seconds_bucket{step="search",le="+Inf"} 2',
        'tinynas_step_seconds_sum{step="search"} 30.500',
    ):
        assert line in metrics.text.splitlines()


def test_the_dashboard_is_at_the_root(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_the_catalogue_is_told(client: TestClient) -> None:
    devices = {d["name"]: d for d in client.get("/api/v1/devices").json()["items"]}
    assert devices["STM32F411xE"]["sram_bytes"] == 128 * 1024
    spaces = {s["name"] for s in client.get("/api/v1/search-spaces").json()["items"]}
    assert {"mcunet", "tiny"} <= spaces
    datasets = {d["name"]: d for d in client.get("/api/v1/datasets").json()["items"]}
    assert (datasets["digits"]["classes"], datasets["digits"]["input_channels"]) == (10, 1)


def test_the_description_has_a_problem_for_each_refusal(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            refusals = {k: v for k, v in operation["responses"].items() if k[0] in "45"}
            assert all(MEDIA_TYPE in refusal["content"] for refusal in refusals.values()), path


def test_everything_has_an_example_that_its_schema_allows(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()

    def check(what: str, media: dict[str, Any]) -> None:
        assert "example" in media or "examples" in media, what
        if "schema" in media and "example" in media:
            schema = {**media["schema"], "components": document["components"]}
            errors = Draft202012Validator(schema).iter_errors(media["example"])
            assert [f"{e.json_path}: {e.message}" for e in errors] == [], what

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            what = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                shown = {**parameter["schema"], **parameter}
                shown.pop("examples" if "example" in parameter else "", None)
                check(f"{what}: {parameter['name']}", shown)
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                # The example of a zip says in words what is in it.
                check(f"{what}: body", media if "json" in kind else {"example": media["example"]})
            for status, answer in operation["responses"].items():
                for media in answer.get("content", {}).values():
                    check(f"{what}: {status}", media)


def test_with_a_key_everything_but_health_needs_it(tmp_path: Path) -> None:
    settings = load_settings(Settings, home=tmp_path, host="0.0.0.0", api_key=KEY)
    with TestClient(create_app(settings), base_url="http://nas.example") as client:
        for path in ("/api/v1/jobs", "/api/v1/devices", "/metrics"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"Authorization": "Bearer no"}).status_code == 401
            assert client.get(path, headers={"Authorization": f"Bearer {KEY}"}).is_success
        assert client.get("/api/v1/jobs").headers["www-authenticate"] == "Bearer"
        assert client.get("/healthz").is_success


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "evil@x"])
def test_without_a_key_only_loopback_names_are_answered(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/jobs", headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (421, MEDIA_TYPE)
    assert client.get("/healthz", headers={"Host": "[::1]:8000"}).is_success


def test_another_sites_page_may_not_write(client: TestClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/v1/jobs/x/cancel", headers=foreign).status_code == 403
    assert client.get("/healthz", headers=foreign).is_success


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"port": 70000}, "port: "),
        ({"host": "0.0.0.0", "api_key": "short"}, "api_key: "),
    ],
)
def test_insecure_settings_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        load_settings(Settings, **given)


def test_settings_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TINYNAS_HOME", str(tmp_path))
    assert load_settings(StoreSettings).home == tmp_path


def test_the_api_starts_without_torch_and_ray() -> None:
    heavy = {"torch", "ray", "optuna", "worker"}
    code = f"import sys, api.app; print(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_any_folder_may_be_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(StoreSettings, home=Path("a home?with#odd%20signs"))
    settings.open_store().close()
    assert (tmp_path / "a home?with#odd%20signs" / "tinynas.db").is_file()
