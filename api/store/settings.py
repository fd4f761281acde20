"""Where the service keeps its database and its files; read from `TINYNAS_...` variables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from api.store.engine import Store
from api.store.logs import LogFormat
from api.store.migrate import upgrade
from tinynas.errors import InvalidInputError


class StoreSettings(BaseSettings):
    """Of every process of the service: they meet in one database and one storage folder."""

    model_config = SettingsConfigDict(env_prefix="TINYNAS_", frozen=True)

    home: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "tinynas"
    )
    database_url: str | None = None
    log_format: LogFormat = "text"

    @property
    def storage(self) -> Path:
        """Where jobs keep their files."""
        return self.home / "storage"

    def job_folder(self, job_id: str) -> Path:
        return self.storage / "jobs" / job_id

    def dataset_folder(self, dataset_id: str, name: str) -> Path:
        """An upload's class folders; the folder's name is what jobs call the data set."""
        return self.storage / "datasets" / dataset_id / name

    @property
    def uploads(self) -> Path:
        """Where uploads are worked on."""
        return self.storage / "uploads"

    @property
    def url(self) -> str:
        """The database's; jobs and Optuna's studies are in the same."""
        embedded = URL.create(
            "sqlite", database=str(self.home / "tinynas.db"), query={"timeout": "60"}
        )
        return self.database_url or embedded.render_as_string(hide_password=False)

    def open_store(self) -> Store:
        """The database, made and brought to this version's tables where it is not."""
        self.storage.mkdir(parents=True, exist_ok=True)
        store = Store(self.url)
        upgrade(store.engine)
        return store


S = TypeVar("S", bound=StoreSettings)


def load_settings(kind: type[S], **given: Any) -> S:
    """Settings from the environment, with those that are `given` and not None over them.

    Raises:
        InvalidInputError: names the first wrong one.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "settings"
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(
            f"{field}: {message}", field=field, given=str(first["input"]), allowed=message
        ) from error
