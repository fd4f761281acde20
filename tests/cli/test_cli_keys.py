"""`tinynas keys`, against the database that the service uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.store import StoreSettings, find_key, load_settings
from tinynas.cli.main import app


def keys(home: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    command = ["keys", *arguments, "--home", str(home), "--json"]
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == code, outcome.output
    value: dict[str, Any] = json.loads(outcome.stdout)
    return value


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    made = keys(tmp_path, "create", "--owner", "alice", "--scope", "read", "--days", "3")
    store = load_settings(StoreSettings, home=tmp_path).open_store()
    with store.read() as session:
        found = find_key(session, made["key"])
        assert found is not None
        assert (found.owner, found.scopes) == ("alice", {"scopes": ["read"]})
    (listed,) = keys(tmp_path, "list")["keys"]
    assert "key" not in listed
    assert (listed["id"], listed["revoked"]) == (made["id"], None)
    keys(tmp_path, "revoke", made["id"])
    with store.read() as session:
        assert find_key(session, made["key"]) is None
    store.close()


def test_what_is_no_scope_or_no_key_is_refused(tmp_path: Path) -> None:
    wrong = keys(tmp_path, "create", "--owner", "alice", "--scope", "all", code=2)
    assert wrong["error"]["field"] == "scope"
    assert keys(tmp_path, "revoke", "01", code=2)["error"]["field"] == "key_id"
