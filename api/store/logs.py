"""How the processes of the service log: lines for people, or JSON objects for programs.

What a line is about (`job`, `request`, ...) is in members of its own, so that a job can be
followed through all processes.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

LogFormat: TypeAlias = Literal["text", "json"]


class JobLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines are about one thing: `JobLogger(log, {"job": id})`."""

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {"about": dict(self.extra or {}) | kwargs.pop("about", {})}
        return msg, kwargs


class _Lines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        about: dict[str, Any] = getattr(record, "about", {})
        members = "".join(f" {name}={value}" for name, value in about.items())
        return super().formatMessage(record) + members


class _Objects(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        value = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            value["traceback"] = self.formatException(record.exc_info)
        return json.dumps(value, default=str)


def configure_logging(kind: LogFormat, level: int) -> None:
    """Send this process's log to standard error, in one of the two forms."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Objects() if kind == "json" else _Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
