"""Results of long benchmarks: each is kept the moment it is known, so that a table resumes."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

WORK = Path("out/benchmarks")
"""Where trainings, checkpoints and ledgers lie; nothing there is committed."""
RESULTS = Path(__file__).resolve().parent / "results"
"""The tables that are committed."""


class Ledger:
    """JSON lines of (key, value); a key is whatever decides the value, as plain values."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        if file.is_file():
            for line in file.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:  # the last line of a run that was killed
                    continue
                self._known[entry["id"]] = entry["value"]

    def get(self, key: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        """The value of `key`: known, or made now and kept."""
        name = digest(key)
        if name not in self._known:
            value = make()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(json.dumps({"id": name, "key": dict(key), "value": value}) + "\n")
            self._known[name] = value
        return self._known[name]

    def find(self, key: Mapping[str, Any]) -> Any | None:
        """The value of `key` if it is known."""
        return self._known.get(digest(key))


def digest(key: Any) -> str:
    """Twelve hexadecimal digits of plain values."""
    text = json.dumps(key, sort_keys=True, default=repr)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def provenance() -> dict[str, str]:
    """How the figures came about: command, machine, versions, date."""
    module = Path(sys.argv[0]).stem
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return {
        "command": f"python -m benchmarks.{module} {shlex.join(sys.argv[1:])}".strip(),
        "machine": f"{os.cpu_count()} cores ({_processor()}, "
        f"{torch.backends.cpu.get_cpu_capability()}), {device}",
        "versions": f"tinynas {version('tinynas')}, torch {torch.__version__}, "
        f"Python {platform.python_version()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def markdown(head: list[str], rows: list[list[str]], *, right: int = 1) -> str:
    """A table; columns from number `right` on are aligned to the right."""
    rule = ["---" if i < right else "---:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows))


def write_table(name: str, title: str, about: str, table: str) -> Path:
    """`benchmarks/results/NAME.md`: what was measured, how, and the figures."""
    facts = "\n".join(f"- {key}: {value}" for key, value in provenance().items())
    path = RESULTS / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {title}\n\n{about}\n\n{facts}\n\n{table}\n")
    return path
