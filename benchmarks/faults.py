"""Faults of a service that runs: what was done, what happened, and that nothing was lost.

    python -m benchmarks.faults [--only NAME] [--write]

PostgreSQL, API and worker as processes of their own, in a network without any interface but
loopback (Linux, root).  A job on digits is disturbed, and has to end as the same job does
undisturbed: the same candidates, the same C, the same accuracy.  What the test suite keeps is not
repeated here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from api.store import Job
from benchmarks.ledger import RESULTS, markdown, write_table
from benchmarks.service import uploading
from benchmarks.service.deployment import Deployment
from benchmarks.service.disk import SmallDisk
from benchmarks.service.isolation import isolate
from benchmarks.service.postgres import PostgreSQL
from benchmarks.service.processes import Running, descendants, kill, until
from benchmarks.service.subject import Outcome, submit, wait
from benchmarks.service.telling import Listener
from tinynas.client import Client
from tinynas.progress import STEPS

EFFORT = {"train_images": 640, "evaluations": 16, "finetune_images": 256}
SHARED_EFFORT = {
    "train_images": 6000,
    "evaluations": 16,
    "finetune_images": 6000,
    "finalists": 3,
}
START_SECONDS = 900.0
LEASE_SECONDS = 6
OUTAGE_SECONDS = 8.0
INTO_SECONDS = 0.4  # what happened before is stored by then
SECOND = "second worker"


class Scene:
    """The service, and how the job ends when nothing happens."""

    def __init__(self, service: Deployment, database: PostgreSQL, disk: SmallDisk) -> None:
        self.service, self.database, self.disk = service, database, disk
        self.client = Client(service.url)
        self._store = service.store_settings().open_store()
        self.expected = Outcome("", "", "", "")
        self._shared: Outcome | None = None

    def same(self, job_id: str, expected: Outcome | None = None) -> str:
        """How the job ended.

        Raises:
            AssertionError: not as the undisturbed one.
        """
        job = wait(self.client, job_id)
        outcome, expected = Outcome.of(self.client, job), expected or self.expected
        assert outcome == expected, f"{outcome} instead of {expected}; {job.error}"
        return "succeeded with the same candidates, C and accuracy"

    def processes(self, *names: str) -> list[Running]:
        """Ray's processes of the worker that do one of these."""
        tree = descendants(self.service.pid("worker"))
        return [p for p in tree if p.command.startswith(tuple(f"ray::{name}" for name in names))]

    def shared(self) -> Outcome:
        """How a job ends that two workers train and whose finalists compete."""
        if self._shared is None:
            job_id = submit(self.client, "shared, undisturbed", SHARED_EFFORT, workers=2)
            self._shared = Outcome.of(self.client, wait(self.client, job_id))
            assert self._shared.code, self._shared
        return self._shared

    def holder(self, job_id: str) -> str:
        """The name of the living worker that has a job, as soon as one has it."""
        found: list[str] = []

        def known() -> bool:
            owner = str(self._owner(job_id))
            names = ("worker", SECOND)
            found[:] = [n for n in names if f":{self.service.pid(n)}:" in owner]
            return bool(found)

        until(known, "a worker has it", seconds=START_SECONDS)
        return found[0]

    def _owner(self, job_id: str) -> str | None:
        with self._store.read() as session:
            return session.get_one(Job, job_id).lease_owner

    def in_step(self, job_id: str, step: str, *, since: float = 0.0) -> bool:
        """Return while the job works on a step, begun after `since` (a time of the file system's
        clock); False if it was too quick to be met in it.

        Raises:
            TimeoutError: it does not come to it.
        """
        steps = self.service.home / "storage" / "jobs" / job_id / "steps"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if any(_changed(tmp) > since for tmp in steps.glob(f".{step}-*.tmp")):
                time.sleep(INTO_SECONDS)
                return True
            if any(steps.glob(f"{step}-*")):
                return False
            time.sleep(0.001)
        raise TimeoutError(f"step {step}: not within {START_SECONDS:.0f} s")


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # it has just been finished
        return 0.0


def undisturbed(scene: Scene) -> tuple[str, str]:
    job = wait(scene.client, submit(scene.client, "undisturbed", EFFORT))
    scene.expected = Outcome.of(scene.client, job)
    assert scene.expected.code, job.error
    return "nothing", f"succeeded: candidates {scene.expected.candidates}, C {scene.expected.code}"


def worker_killed(scene: Scene) -> tuple[str, str]:
    """One job, one kill in each of its steps; another worker is there to take it up."""
    scene.service.start_worker(SECOND)
    job_id = submit(scene.client, "worker killed", EFFORT)
    met, killed = [], 0.0
    for step in STEPS:
        inside = scene.in_step(job_id, step, since=killed)
        met.append(step if inside else f"{step} (just behind it)")
        name = scene.holder(job_id)
        scene.service.kill_alone(name)
        time.sleep(INTO_SECONDS)  # its job dies a moment after it
        killed = time.time()
        scene.service.start_worker(name)
    ending = scene.same(job_id)
    scene.service.kill(SECOND)
    what = "kill -9 of the worker that had the job, in each step of one job, beside another worker"
    return f"{what}: {', '.join(met)}", ending


def api_killed(scene: Scene) -> tuple[str, str]:
    job_id = submit(scene.client, "API killed", EFFORT)
    with Listener(scene.service.url, job_id) as listener:
        for step in ("supernet", "finetune"):
            scene.in_step(job_id, step)
            scene.service.kill("api")
            time.sleep(2)
            scene.service.start_api()
        ending = scene.same(job_id)
        numbers = listener.finish()
    assert numbers == list(range(1, len(numbers) + 1)), numbers
    return (
        "kill -9 of the API, twice in a job, while a client follows its events",
        f"{ending}; the client heard all {len(numbers)} events, none twice",
    )


def database_restarted(scene: Scene) -> tuple[str, str]:
    job_id = submit(scene.client, "database restarted", EFFORT)
    for step in ("supernet", "search", "build"):
        scene.in_step(job_id, step)
        scene.database.crash()
        time.sleep(OUTAGE_SECONDS)
        scene.database.start()
    ending = scene.same(job_id)
    what = f"PostgreSQL ended at once (immediate) for {OUTAGE_SECONDS:.0f} s, longer than a lease"
    return f"{what}, in the steps supernet, search and build", ending


def disk_full(scene: Scene) -> tuple[str, str]:
    job_id = submit(scene.client, "disk full", EFFORT)
    scene.in_step(job_id, "supernet")
    scene.disk.fill()
    job = wait(scene.client, job_id)
    scene.disk.free()
    assert job.state == "failed", job.state
    assert job.error is not None
    assert "No space left" in job.error["message"], job.error
    said = f"failed in step {job.error['step']}: {job.error['message'].split(':')[-1].strip()}"
    scene.client.resume(job_id)
    return "the disk filled up while the supernet was trained", f"{said}; resumed: " + scene.same(
        job_id
    )


def upload_interrupted(scene: Scene) -> tuple[str, str]:
    with uploading.half_sent(scene.service.url):
        uploads = scene.service.home / "storage" / "uploads"
        until(lambda: uploading.stored(uploads) > 1 << 20, "the upload", seconds=30)
        scene.service.kill("api")
    left = uploading.stored(uploads)
    scene.service.start_api()
    assert uploading.stored(uploads) == 0
    assert all(d.kind == "builtin" for d in scene.client.datasets())
    again = uploading.small(scene.service.url)
    return (
        "kill -9 of the API in the middle of an upload",
        f"{left:,} bytes were left, none after its start; no data set; sent again: {again}",
    )


def upload_too_large(scene: Scene) -> tuple[str, str]:
    declared = uploading.send_zeros(scene.service.url, 10 << 30, declare=True)
    counted = uploading.send_zeros(scene.service.url, 10 << 30, declare=False)
    uploads = scene.service.home / "storage" / "uploads"
    until(lambda: uploading.stored(uploads) == 0, "uploads are deleted", seconds=20)
    limit = uploading.LIMIT
    assert declared.status == counted.status == 413, (declared, counted)
    assert declared.sent < limit // 4
    assert counted.sent < 2 * limit
    return (
        f"10 GiB of zeros, the limit set to {limit >> 20} MiB: declared; in chunks",
        f"413 after {declared.sent:,} bytes; 413 after {counted.sent:,} bytes; nothing left behind",
    )


def actor_killed(scene: Scene) -> tuple[str, str]:
    job_id = submit(scene.client, "actor killed", EFFORT)
    scene.in_step(job_id, "search")

    _kill_one(scene, "LocalEvaluator.")
    return "kill -9 of a Ray actor while it measures", scene.same(job_id)


def _kill_one(scene: Scene, name: str) -> None:
    until(lambda: bool(scene.processes(name)), f"{name} runs", seconds=START_SECONDS)
    kill(scene.processes(name)[:1])


def training_worker_killed(scene: Scene) -> tuple[str, str]:
    images, ending = _shared_killed(scene, "supernet", "RayTrainWorker")
    return f"kill -9 of one of two processes that train, after {images} images", ending


def trial_killed(scene: Scene) -> tuple[str, str]:
    images, ending = _shared_killed(scene, "finetune", "ImplicitFunc")
    return f"kill -9 of a Tune trial that fine-tunes a finalist, after {images} images", ending


def _shared_killed(scene: Scene, step: str, process: str) -> tuple[int, str]:
    """One of the processes that share a step is killed: after how many images, and the ending."""
    expected = scene.shared()
    job_id = submit(scene.client, f"{step} killed", SHARED_EFFORT, workers=2)
    images = _begun(scene, job_id, step)
    _kill_one(scene, process)
    return images, scene.same(job_id, expected)


def driver_killed(scene: Scene) -> tuple[str, str]:
    expected = scene.shared()
    scene.service.start_worker(SECOND)
    job_id = submit(scene.client, "driver killed", SHARED_EFFORT, workers=2)
    for step in ("supernet", "finetune"):
        _begun(scene, job_id, step)
        name = scene.holder(job_id)
        scene.service.kill_alone(name)
        time.sleep(INTO_SECONDS)
        scene.service.start_worker(name)
    ending = scene.same(job_id, expected)
    scene.service.kill(SECOND)
    return "kill -9 of the worker while Ray Train trains, and while Ray Tune fine-tunes", ending


def _begun(scene: Scene, job_id: str, step: str) -> int:
    """How far a step is, as soon as it has got anywhere."""
    found: list[int] = []

    def under_way() -> bool:
        job = scene.client.job(job_id)
        assert not job.final, job.error
        if job.step == step and job.progress and job.progress["done"] > 0:
            found.append(job.progress["done"])
        return bool(found)

    until(under_way, f"{step} is under way", seconds=START_SECONDS)
    return found[0]


def two_workers(scene: Scene) -> tuple[str, str]:
    scene.service.start_worker(SECOND)
    job_id = submit(scene.client, "two workers", EFFORT)
    ending = scene.same(job_id)
    scene.service.kill(SECOND)
    attempts = scene.client.job(job_id).attempts
    assert attempts == 1, attempts
    return "a second worker beside the first", f"{ending}; one of them had it"


FAULTS: dict[str, Callable[[Scene], tuple[str, str]]] = {
    f.__name__: f
    for f in (
        upload_interrupted,
        upload_too_large,
        worker_killed,
        api_killed,
        actor_killed,
        training_worker_killed,
        trial_killed,
        driver_killed,
        database_restarted,
        disk_full,
        two_workers,
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=list(FAULTS), action="append")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results")
    options = parser.parse_args()
    isolate("faults")
    names = options.only or list(FAULTS)
    with tempfile.TemporaryDirectory(prefix="tnf-", dir="/tmp") as folder, ExitStack() as stack:
        place = Path(folder)
        place.chmod(0o755)
        database = stack.enter_context(PostgreSQL(place / "pg"))
        disk = stack.enter_context(SmallDisk(place / "home", 512 << 20))
        service = stack.enter_context(
            Deployment(
                place,
                home=disk.folder,
                database_url=database.url,
                lease_seconds=LEASE_SECONDS,
                evaluators=2,
                max_upload_bytes=uploading.LIMIT,
                min_free_bytes=0,
            )
        )
        service.start_api()
        service.start_worker()
        scene = Scene(service, database, disk)
        rows = [_try(scene, undisturbed)] + [_try(scene, FAULTS[name]) for name in names]
    if options.write:
        rows = rows[:1] + [row for name in FAULTS for row in _row_of(name, rows[1:])]
    table = markdown(["fault", "what was done", "what happened", ""], rows, right=3)
    sys.stdout.write(table + "\n")
    if options.write:
        write_table("faults", "Faults of a running service", ABOUT, table)
    return 0 if all(row[-1] == "held" for row in rows) else 1


ABOUT = f"""PostgreSQL, API and a worker with its own Ray on one machine, leases of
{LEASE_SECONDS} s; a job on digits for an stm32f411xe (32 KB, 128 KB), effort
`{EFFORT}`.

Jobs whose training worker, trial or driver is killed have two workers that train and finalists that
compete, effort `{SHARED_EFFORT}`; they are compared with an undisturbed one of the same kind.

"The same" is compared by digests of all candidates, of all C of the bundle, and by the accuracies;
each bundle's SHA-256 was that of its manifest.  Faults that the test suite keeps are listed in
`docs/operations.md`; a node of a Ray cluster that is killed, in `ray_nodes.md`.  Rows may be of
several runs (`--only`); each was compared with an undisturbed job of its own run."""


def _row_of(name: str, rows: list[list[str]]) -> list[list[str]]:
    """A fault's row: of this run, or else of the table that is there."""
    title = name.replace("_", " ")
    file = RESULTS / "faults.md"
    kept = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in (file.read_text().splitlines() if file.is_file() else ())
        if line.startswith(f"| {title} |")
    ]
    return [row for row in rows if row[0] == title] or kept


def _try(scene: Scene, fault: Callable[[Scene], tuple[str, str]]) -> list[str]:
    started = time.monotonic()
    name = fault.__name__.replace("_", " ")
    try:
        done, happened = fault(scene)
        verdict = "held"
    except Exception as error:
        traceback.print_exc()
        done, happened, verdict = "-", f"{type(error).__name__}: {error}"[:400], "FAILED"
    sys.stderr.write(f"{name}: {verdict} after {time.monotonic() - started:.0f} s: {happened}\n")
    return [name, done, happened.replace("\n", " "), verdict]


if __name__ == "__main__":
    sys.exit(main())
