"""`tinynas keys`: who may use the service; works on its database, where the service runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinynas.cli.output import JsonFlag, console, print_json, print_table, reports_errors
from tinynas.errors import InvalidInputError
from tinynas.paths import enable_service_imports

if TYPE_CHECKING:
    from api.store import ApiKey, Store

app = typer.Typer()
keys = typer.Typer(no_args_is_help=True, help="API keys of the service on this machine.")
app.add_typer(keys, name="keys")

HomeOption = Annotated[Path | None, typer.Option(help="The service's home (TINYNAS_HOME).")]


@contextmanager
def _store(home: Path | None) -> Iterator[Store]:
    enable_service_imports()
    from api.store import StoreSettings, load_settings

    store = load_settings(StoreSettings, home=home).open_store()
    try:
        yield store
    finally:
        store.close()


@keys.command("create")
@reports_errors
def create_command(
    owner: Annotated[str, typer.Option(help="Whose jobs and data sets the key reaches.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "key",
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="read, write, metrics or admin; default: read and write."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Ends after so many days.")] = None,
    home: HomeOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    with _store(home) as store:
        from api.store import Scope, create_key

        wanted = scopes or ["read", "write"]
        wrong = [scope for scope in wanted if scope not in list(Scope)]
        if wrong or not owner.strip() or len(owner) > 200 or not owner.isprintable():
            raise InvalidInputError(
                f"{'scope' if wrong else 'owner'}: {wrong[0] if wrong else owner!r} will not do",
                field="scope" if wrong else "owner",
                given=wrong[0] if wrong else owner,
                allowed=list(Scope) if wrong else "1 to 200 printable characters",
            )
        with store.write() as session:
            key, text = create_key(
                session,
                owner=owner.strip(),
                name=name[:200],
                scopes=[Scope(scope) for scope in wanted],
                expires=expires,
            )
    if as_json:
        print_json({**_key_json(key), "key": text})
        return
    console.print(f"key {key.id} of {key.owner} ({', '.join(wanted)}); it is shown only now:")
    typer.echo(text)


@keys.command("list")
@reports_errors
def list_command(home: HomeOption = None, *, as_json: JsonFlag = False) -> None:
    """All keys, without their secrets."""
    with _store(home) as store, store.read() as session:
        from api.store import list_keys

        found = [_key_json(key) for key in list_keys(session)]
    if as_json:
        print_json({"keys": found})
        return
    columns = ("id", "owner", "name", "scopes", "created", "expires", "revoked")
    rows = [[k["id"], k["owner"], k["name"], ", ".join(k["scopes"]), *_times(k)] for k in found]
    print_table("Keys", columns, rows)


@keys.command("revoke")
@reports_errors
def revoke_command(
    key_id: Annotated[str, typer.Argument(help="The key's id, see `tinynas keys list`.")],
    home: HomeOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Withdraw a key; the service refuses it from now on."""
    with _store(home) as store, store.write() as session:
        from api.store import revoke_key

        key = revoke_key(session, key_id)
        if key is None:
            raise InvalidInputError(
                f"there is no key {key_id}",
                field="key_id",
                given=key_id,
                allowed="an id of `tinynas keys list`",
            )
        value = _key_json(key)
    if as_json:
        print_json(value)
    else:
        console.print(f"key {key_id} is revoked")


def _key_json(key: ApiKey) -> dict[str, Any]:
    times = {name: getattr(key, name) for name in ("created", "expires", "revoked")}
    return {
        "id": key.id,
        "owner": key.owner,
        "name": key.name,
        "scopes": list(key.scopes["scopes"]),
        **{name: time.isoformat() if time else None for name, time in times.items()},
    }


def _times(key: dict[str, Any]) -> list[str | None]:
    return [key[name] and key[name][:16] for name in ("created", "expires", "revoked")]
