"""Schemathesis over the OpenAPI document: no request may end in a server error.

    python -m benchmarks.rest_fuzz [--requests 5000] [--seed 0]

The real application on a database with jobs in every state, candidates, artifacts and an upload;
half of the ids asked for are of things that are there.  Every answer is held to the document, too:
its status, content type and schema.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.settings import Settings
from api.store import (
    Artifact,
    Store,
    add_candidates,
    create_job,
    fail_job,
    finish_job,
    note_progress,
    put_artifacts,
    request_cancel,
    take_job,
)
from tinynas.devices import Budget, load_device
from tinynas.request import JobRequest
from tinynas.search import Candidate, Feasibility
from tinynas.spaces import Subspace, load_space
from tinynas.subspace import choose_subspace

REQUEST = JobRequest("digits", "stm32f411xe", 32 << 10, 128 << 10)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
HOST = {"Host": "localhost"}
ORDER = ("GET", "POST", "DELETE")
"""Looked at while all is there, then changed (a job that is resumed has no end), then deleted."""
SLOW = {"POST /api/v1/datasets": 20, "POST /api/v1/jobs/preview": 3, "POST /api/v1/jobs": 2}
"""How many times fewer requests: they start a process, or compute."""


@schemathesis.serializer("application/zip")
def _bytes(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as home:
        service = Settings(
            home=Path(home),
            event_poll_seconds=0.01,
            min_free_bytes=0,
            requests_per_minute=0,
            previews_per_minute=0,
            max_active_jobs=1_000_000,
        )
        app = create_app(service)
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
            known = _fill(app.state.store, service, client)
            statuses, failures = _fuzz(app, known, options.requests, options.seed)
    total = sum(statuses.values())
    for (label, status), count in sorted(statuses.items()):
        sys.stdout.write(f"{label:<60} {status} {count:>6}\n")
    errors = sum(count for (_, status), count in statuses.items() if status >= 500)
    for failure, count in failures.most_common(20):
        sys.stdout.write(f"{count} x {failure}\n")
    sys.stdout.write(
        f"{total} requests, {errors} server errors, {sum(failures.values())} answers that the "
        "document does not describe\n"
    )
    return 1 if errors or failures or total < options.requests else 0


def _fuzz(
    app: Any, known: dict[str, list[Any]], wanted: int, seed: int
) -> tuple[Counter[tuple[str, int]], Counter[str]]:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HOST)
    operations = [found.ok() for found in schema.get_all_operations()]
    operations.sort(key=lambda op: ORDER.index(op.method.upper()))
    share = 1.3 * wanted / sum(1 / SLOW.get(op.label, 1) for op in operations)
    statuses: Counter[tuple[str, int]] = Counter()
    failures: Counter[str] = Counter()
    rng = random.Random(seed)
    for operation in operations:
        ask = _asker(operation, known, rng, statuses, failures)
        count = int(share / SLOW.get(operation.label, 1)) + 1
        try:
            _examples(operation, ask, count, seed)
        except Exception as error:  # of the fuzzer: it has no more examples, say
            failures[f"{operation.label}: {type(error).__name__}: {error}"[:300]] += 1
        sys.stderr.write(f"{operation.label}: {sum(statuses.values())} requests so far\n")
    return statuses, failures


def _examples(operation: Any, ask: Callable[[Any], None], count: int, seed: int) -> None:
    @seeded(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        ask(case)

    run()


def _asker(
    operation: Any,
    known: dict[str, list[Any]],
    rng: random.Random,
    statuses: Counter[tuple[str, int]],
    failures: Counter[str],
) -> Callable[[Any], None]:
    def ask(case: Any) -> None:
        events = operation.label.endswith("/events")
        if case.path_parameters:
            for name in case.path_parameters:
                if name in known and (events or rng.random() < 0.5):
                    # The stream of a job that has not ended does not end.
                    choices = known["ended"] if events else known[name]
                    case.path_parameters[name] = rng.choice(choices)
        try:
            answer = case.call(headers=HOST, timeout=600)
        except Exception as error:  # in one process with the service, its errors come out here
            statuses[operation.label, 500] += 1
            failures[f"{operation.label}: {type(error).__name__}: {error}"[:300]] += 1
            return
        statuses[operation.label, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            said = " | ".join(str(e) for e in getattr(error, "exceptions", [error]))
            failures[f"{operation.label} {answer.status_code}: {said}"[:400]] += 1

    return ask


def _fill(store: Store, service: Settings, client: TestClient) -> dict[str, list[Any]]:
    """Jobs in every state, one with everything; the values that path parameters may have."""
    subspace = Subspace(load_space("tiny"), 0.5, 32)
    budget = Budget(32 << 10, 128 << 10)
    fits = Feasibility(subspace, 10, 1, budget, load_device("stm32f411xe"), "all")
    plan = fits.plan(subspace.space.smallest)
    candidate = Candidate(0, plan.architecture, plan.schedule, plan.cost, plan.macs, 0.9, 16)
    table = choose_subspace(
        subspace.space,
        budget,
        classes=10,
        input_channels=1,
        device=REQUEST.target,
        samples=8,
    ).to_json() | {"task": {"classes": 10, "input_channels": 1}}
    table["chosen"] |= {"width": 0.5, "resolution": 32}
    ids = []
    with store.write() as session:
        for i in range(6):
            ids.append(create_job(session, REQUEST.to_json(), name=f"job {i}")[0].id)
            if i:
                assert take_job(session, "w", seconds=1e6) is not None
        done, failed, cancelled = ids[0], ids[1], ids[2]
        note_progress(session, done, "w", subspaces=table)
        add_candidates(session, done, [candidate.to_json(pareto=True)])
        put_artifacts(session, done, [_artifact(service, done)])
        finish_job(session, done, "w", {"accuracy": {"int8": 0.9}})
        fail_job(session, failed, "w", {"step": "build", "message": "no compiler"})
    with store.write() as session:
        job = session.get_one(type(create_job(session, {}, name="x")[0]), cancelled)
        request_cancel(session, job)
    upload = client.post(
        "/api/v1/datasets?name=pets", content=_pets(), headers={"Content-Type": "application/zip"}
    )
    assert upload.status_code == 201, upload.text
    return {
        "job_id": ids,
        "ended": [done, failed],
        "number": [0, 1],
        "name": ["report.html", "nothing.bin"],
        "dataset": ["pets", "digits", "none"],
    }


def _artifact(service: Settings, job_id: str) -> Artifact:
    file = service.job_folder(job_id) / "artifacts" / "report.html"
    file.parent.mkdir(parents=True)
    file.write_text("<p>done</p>")
    return Artifact(
        job_id=job_id,
        name=file.name,
        media_type="text/html; charset=utf-8",
        bytes=file.stat().st_size,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        path=file.relative_to(service.storage).as_posix(),
    )


def _pets() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for label in ("cat", "dog"):
            for i in range(6):
                image = io.BytesIO()
                Image.fromarray(np.full((9, 9, 3), 20 * i, np.uint8)).save(image, "PNG")
                archive.writestr(f"{label}/{i}.png", image.getvalue())
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
