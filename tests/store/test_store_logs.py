"""Logs: for people, and for programs."""

from __future__ import annotations

import json
import logging

import pytest

from api.store.logs import JobLogger, configure_logging


def say(kind: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging(kind, logging.INFO)  # type: ignore[arg-type]
        JobLogger(logging.getLogger("worker"), {"job": "01X"}).info("%s of %s", 3, 4)
        logging.getLogger("api").debug("unheard")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    return capsys.readouterr().err.splitlines()


def test_a_line_for_people_ends_with_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = say("text", capsys)
    assert line.endswith("INFO worker 3 of 4 job=01X")


def test_a_line_for_programs_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = say("json", capsys)
    value = json.loads(line)
    assert (value["job"], value["message"], value["level"]) == ("01X", "3 of 4", "info")
