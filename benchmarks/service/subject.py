"""The job that proofs disturb: small, real, and compared by all that it gives."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinynas.client import Client, Job

REQUEST = {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"}
SECONDS = 1500.0


def submit(client: Client, name: str, effort: dict[str, int], *, workers: int = 1) -> str:
    """The same job again, under another name."""
    return client.submit(**REQUEST, seed=5, name=name, effort=effort, workers=workers).id


def wait(client: Client, job_id: str, *, seconds: float = SECONDS) -> Job:
    """
    Raises:
        TimeoutError: it has not ended by then.
    """
    deadline = time.monotonic() + seconds
    while not (job := client.job(job_id)).final:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{job.name}: {job.state}, {job.step}, {job.progress}")
        time.sleep(0.2)
    return job


@dataclass(frozen=True)
class Outcome:
    """What came of a job: digests of its candidates and of its C, its accuracy; '' without."""

    state: str
    candidates: str
    code: str
    accuracy: str

    @classmethod
    def of(cls, client: Client, job: Job) -> Outcome:
        if job.state != "succeeded" or job.result is None:
            return cls(job.state, "", "", "")
        found = digest(list(client.candidates(job.id)))
        with tempfile.TemporaryDirectory() as folder:
            # The client compares the file's SHA-256 with the manifest's.
            code = _code(client.download(job.id, "bundle.zip", Path(folder)))
        return cls(job.state, found, code, json.dumps(job.result["accuracy"], sort_keys=True))


def digest(value: Any) -> str:
    """Twelve hexadecimal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _code(bundle: Path) -> str:
    """Of all C in a bundle."""
    with zipfile.ZipFile(bundle) as files:
        names = sorted(n for n in files.namelist() if n.endswith((".c", ".h")))
        return digest({name: files.read(name).decode() for name in names})
