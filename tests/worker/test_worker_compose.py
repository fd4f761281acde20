"""What `docker-compose.yml` and `.env.example` set is what the service reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from api.settings import Settings
from api.store import load_settings
from tinynas.paths import service_root
from worker.settings import WorkerSettings

PREFIX = "TINYNAS_"
READ_ELSEWHERE = {"TINYNAS_DATA_DIR", "TINYNAS_CACHE_DIR"}
"""By the library: where data sets are, and where it keeps what it fetched."""
FOR_COMPOSE = {
    "POSTGRES_PASSWORD",
    "RAY_AUTH_TOKEN",
    "RAY_NODES",
    "TINYNAS_PORT",
    "TINYNAS_DATASETS",
}
"""What compose itself makes use of."""


def text(name: str) -> str:
    return (service_root() / name).read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text("docker-compose.yml"))["services"]
    return found


def example() -> dict[str, str]:
    """`.env.example`, with its secrets filled in."""
    lines = re.findall(r"^([A-Z_]+)=(.*)$", text(".env.example"), re.MULTILINE)
    return {name: value or "a-secret-of-24-characters" for name, value in lines}


def interpolated(value: Any) -> str:
    """As compose replaces `${NAME:-default}` and `${NAME:?message}`."""
    given = example()
    return re.sub(r"\$\{(\w+)(?::[-?][^}]*)?\}", lambda m: given[m[1]], str(value))


def test_the_example_names_what_compose_wants_and_nothing_else() -> None:
    assert set(example()) == set(re.findall(r"\$\{(\w+)", text("docker-compose.yml")))


def test_every_variable_is_one_that_the_service_reads(services: dict[str, Any]) -> None:
    fields = {PREFIX + f.upper() for k in (Settings, WorkerSettings) for f in k.model_fields}
    for name in ("api", "worker", "ray-node", "ray-gpu"):
        wanted = {v for v in services[name]["environment"] if v.startswith(PREFIX)}
        assert wanted <= fields | READ_ELSEWHERE, name
    assert {v for v in example() if v not in FOR_COMPOSE} <= fields
    sources = "".join(p.read_text() for p in (service_root() / "tinynas").rglob("*.py"))
    assert all(f'"{variable}"' in sources for variable in READ_ELSEWHERE)


@pytest.mark.parametrize(("name", "kind"), [("api", Settings), ("worker", WorkerSettings)])
def test_the_settings_take_the_values(
    services: dict[str, Any],
    name: str,
    kind: type[Settings | WorkerSettings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in services[name]["environment"].items():
        monkeypatch.setenv(variable, interpolated(value))
    settings = load_settings(kind)
    assert settings.home.as_posix() == "/data"
    assert settings.log_format == "json"
    assert settings.url.startswith("postgresql+psycopg://tinynas:a-secret")


def test_containers_have_no_rights_that_they_do_not_need(services: dict[str, Any]) -> None:
    for name in ("api", "worker", "ray-node", "ray-gpu"):
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["init"], name
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert [port.split(":")[0] for port in published] == ["127.0.0.1"]
    assert "USER tinynas" in text("Dockerfile").rsplit("FROM ", 1)[1]
