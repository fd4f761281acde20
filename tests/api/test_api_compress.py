"""What is compressed on the way, and what must arrive as it is stored."""

from __future__ import annotations

from fastapi.testclient import TestClient

from api.settings import Settings
from api.store import Artifact, Store, create_job, put_artifacts

GZIP = {"Accept-Encoding": "gzip"}


def test_pages_and_lists_are_compressed(client: TestClient) -> None:
    for path in ("/js/job-model.js", "/api/v1/openapi.json"):
        answer = client.get(path, headers=GZIP)
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < len(answer.content) / 2
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content


def test_artifacts_keep_their_length_and_their_ranges(
    client: TestClient, store: Store, settings: Settings
) -> None:
    text = b"line\n" * 4000
    with store.write() as session:
        job_id = create_job(session, {"dataset": "digits"}, name="job")[0].id
        file = settings.storage / "log.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
        put_artifacts(
            session,
            job_id,
            [
                Artifact(
                    job_id=job_id,
                    name="log.txt",
                    media_type="text/plain",
                    bytes=len(text),
                    sha256="0" * 64,
                    path="log.txt",
                )
            ],
        )
    path = f"/api/v1/jobs/{job_id}/artifacts/log.txt"
    whole = client.get(path, headers=GZIP)
    assert "content-encoding" not in whole.headers
    assert int(whole.headers["content-length"]) == len(text)
    part = client.get(path, headers=GZIP | {"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, text[5:10])
