"""The REST API from Python."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from tinynas.client.archive import zip_of
from tinynas.client.model import Artifact, Dataset, Job, JobEvent
from tinynas.client.problems import ProblemError, UnreachableError, raise_for_problem
from tinynas.client.stream import messages
from tinynas.errors import TinynasError

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 30.0
UPLOAD_SECONDS = 3600.0  # every image is looked at before the answer comes
SILENCE_SECONDS = 45.0  # a service sends a sign of life every 15 s
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0)  # a restart, on a slow machine


class Client:
    """A service at `base_url`; a context manager.

    Every method raises `ProblemError` where the service refuses, `UnreachableError` where none
    answers.
    """

    def __init__(self, base_url: str = DEFAULT_URL, api_key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self.base_url}/api/v1",
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            # A proxy of the environment knows no way back to this machine.
            trust_env=httpx.URL(base_url).host not in ("127.0.0.1", "localhost", "::1"),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def submit(self, *, idempotency_key: str | None = None, **request: Any) -> Job:
        """Queue a job.

        Args:
            idempotency_key: a later call with the same key and request gives the same job.
            request: as the body of `POST /jobs`: `dataset`, and `device` or `sram` and `flash`;
                with `supernet`, the id of a finished job, that job's is searched instead of one
                that is trained.  What is None is left out.
        """
        body = {name: value for name, value in request.items() if value is not None}
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return Job.from_json(self._json("POST", "/jobs", json=body, headers=headers))

    def job(self, job_id: str) -> Job:
        return Job.from_json(self._json("GET", f"/jobs/{job_id}"))

    def jobs(
        self,
        *,
        state: str | Sequence[str] | None = None,
        dataset: str | None = None,
        device: str | None = None,
        parent: str | None = None,
        text: str | None = None,
    ) -> Iterator[Job]:
        """Jobs, newest first, read page by page as they are asked for; `text` is a part of the name
        or the beginning of the id, `parent` the job whose candidates they deploy or whose supernet
        they search."""
        wanted = {"state": state, "dataset": dataset, "device": device, "parent": parent, "q": text}
        return map(Job.from_json, self._pages("/jobs", wanted))

    def preview(self, **request: Any) -> dict[str, Any]:
        """Stage 1 of a request, without making a job; `request` as for `submit`."""
        body = {name: value for name, value in request.items() if value is not None}
        return self._json("POST", "/jobs/preview", json=body)

    def candidate(self, job_id: str, number: int) -> dict[str, Any]:
        """A candidate in full, with its `plan`: blocks, layers, buffers, predicted bytes."""
        return self._json("GET", f"/jobs/{job_id}/candidates/{number}")

    def promote(self, job_id: str, number: int) -> Job:
        """Make a candidate of an ended job a result; the job that does it."""
        return Job.from_json(self._json("POST", f"/jobs/{job_id}/candidates/{number}/promote"))

    def cancel(self, job_id: str) -> Job:
        return Job.from_json(self._json("POST", f"/jobs/{job_id}/cancel"))

    def resume(self, job_id: str) -> Job:
        return Job.from_json(self._json("POST", f"/jobs/{job_id}/resume"))

    def delete(self, job_id: str) -> None:
        self._request("DELETE", f"/jobs/{job_id}")

    def subspaces(self, job_id: str) -> dict[str, Any]:
        """Stage 1's table."""
        return self._json("GET", f"/jobs/{job_id}/subspaces")

    def candidates(self, job_id: str, *, pareto: bool | None = None) -> Iterator[dict[str, Any]]:
        """Stage 2's candidates in the order of their evaluation; `pareto` for the front alone."""
        return self._pages(f"/jobs/{job_id}/candidates", {"pareto": pareto})

    def artifacts(self, job_id: str) -> list[Artifact]:
        return [Artifact.from_json(a) for a in self._pages(f"/jobs/{job_id}/artifacts", {})]

    def devices(self) -> list[dict[str, Any]]:
        return list(self._pages("/devices", {}))

    def search_spaces(self) -> list[dict[str, Any]]:
        return list(self._pages("/search-spaces", {}))

    def datasets(self) -> list[Dataset]:
        """The data sets that jobs may name."""
        return [Dataset.from_json(d) for d in self._pages("/datasets", {})]

    def upload(self, source: str | Path, *, name: str, skip_bad_files: bool = False) -> Dataset:
        """Upload a folder of class folders, or a zip of one; `name` is what jobs will call it.

        Raises:
            ProblemError: also where images are not whole (unless they are to be skipped).
        """
        with zip_of(Path(source)) as archive, archive.open("rb") as content:
            answer = self._json(
                "POST",
                "/datasets",
                params={"name": name, "skip_bad_files": skip_bad_files},
                content=content,
                headers={
                    "Content-Type": "application/zip",
                    "Content-Length": str(archive.stat().st_size),
                },
                timeout=httpx.Timeout(TIMEOUT_SECONDS, read=UPLOAD_SECONDS),
            )
        return Dataset.from_json(answer)

    def delete_dataset(self, name_or_id: str) -> None:
        self._request("DELETE", f"/datasets/{name_or_id}")

    def events(self, job_id: str, *, after: int = 0) -> Iterator[JobEvent]:
        """The job's events that follow number `after`, until it has ended.

        A connection that breaks is made again, and the stream goes on where it was.

        Raises:
            UnreachableError: the service has not answered for about a minute.
        """
        failures = 0
        while True:
            try:
                with self._listen(job_id, after) as response:
                    if response.status_code == httpx.codes.NO_CONTENT:
                        return
                    for message in messages(response.iter_lines()):
                        failures = 0
                        event = JobEvent.from_json(json.loads(message.data))
                        after = event.sequence
                        yield event
            except httpx.TransportError as error:
                if failures == len(RETRY_SECONDS):
                    raise UnreachableError(f"{self.base_url} does not answer: {error}") from error
                time.sleep(RETRY_SECONDS[failures])
                failures += 1

    def wait(self, job_id: str, on_event: Callable[[JobEvent], None] | None = None) -> Job:
        """The job, when it has ended; `on_event` is told everything that it says."""
        for event in self.events(job_id):
            if on_event is not None:
                on_event(event)
        return self.job(job_id)

    def download(self, job_id: str, name: str, target: Path) -> Path:
        """Save an artifact as `target` (or under its name in the folder `target`).

        Raises:
            TinynasError: what came is not what the service promised; nothing is saved.
        """
        wanted = next((a for a in self.artifacts(job_id) if a.name == name), None)
        if wanted is None:
            raise ProblemError(404, f"job {job_id} has no artifact {name}", field="name")
        file = target / name if target.is_dir() else target
        part = file.with_name(f".{file.name}.part")
        digest = hashlib.sha256()
        try:
            with part.open("wb") as out, self._stream(f"/jobs/{job_id}/artifacts/{name}") as body:
                for chunk in body.iter_bytes():
                    digest.update(chunk)
                    out.write(chunk)
            if digest.hexdigest() != wanted.sha256:
                raise TinynasError(f"{name} was damaged on its way: its sha256 differs")
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return file

    @contextmanager
    def _listen(self, job_id: str, after: int) -> Iterator[httpx.Response]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(TIMEOUT_SECONDS, read=SILENCE_SECONDS)
        path = f"/jobs/{job_id}/events"
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.is_server_error:  # a proxy whose service restarts
                raise httpx.ReadError(f"status {response.status_code}")
            if not response.is_success:
                response.read()
            raise_for_problem(response)
            yield response

    @contextmanager
    def _stream(self, path: str) -> Iterator[httpx.Response]:
        try:
            with self._http.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                raise_for_problem(response)
                yield response
        except httpx.TransportError as error:
            raise UnreachableError(f"{self.base_url} does not answer: {error}") from error

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise UnreachableError(f"{self.base_url} does not answer: {error}") from error
        raise_for_problem(response)
        return response

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        value: dict[str, Any] = self._request(method, path, **options).json()
        return value

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        parameters = {name: value for name, value in query.items() if value is not None}
        while True:
            page = self._json("GET", path, params=parameters)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            parameters["cursor"] = page["next_cursor"]
