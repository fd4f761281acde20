"""Whatever happens to a job's process or to its worker, the job ends in a state that says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import small_pipelines as pipelines
from worker_service import Service, until

from api.store import (
    MAX_ATTEMPTS,
    JobState,
    create_job,
    events_after,
    find_artifact,
    list_artifacts,
    list_candidates,
    request_cancel,
    resume_job,
    subspaces_of,
)
from api.store.tables import Job
from tinynas.paths import service_root


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and is not waited for does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def pid_of(service: Service, job_id: str) -> int:
    file = service.file(job_id, "pid")
    until(lambda: file.exists() and file.read_text() != "")
    return int(file.read_text())


def cancel(service: Service, job_id: str) -> None:
    with service.store.write() as session:
        request_cancel(session, session.get_one(Job, job_id))


def test_a_job_succeeds_with_all_that_it_said(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_quick):
        job = service.wait_for(job_id, JobState.SUCCEEDED)
    assert job.result == {"dataset": "digits", "seed": 7}
    assert job.best is not None
    assert job.best["accuracy"] == 0.9
    with service.store.read() as session:
        said = [(e.kind, e.data.get("state")) for e in events_after(session, job_id, 0)]
        front = [c.number for c in list_candidates(session, job_id, limit=9, pareto=True)]
        everything = [c.number for c in list_candidates(session, job_id, limit=9)]
        artifacts = list_artifacts(session, job_id)
        table = subspaces_of(session, job_id)
    assert said[0] == ("state", "queued")
    assert said[1] == ("state", "running")
    assert said[-1] == ("state", "succeeded")
    assert [kind for kind, _ in said].count("candidate") == 3
    assert (front, everything) == ([1], [0, 1, 2])
    assert [a.name for a in artifacts] == ["log.txt", "report.html"]
    assert artifacts[1].bytes == len("<p>done</p>")
    assert table == {"chosen": {"width": 0.5, "resolution": 48}}


def test_a_failure_says_at_which_step_and_why(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_failing):
        job = service.wait_for(job_id, JobState.FAILED)
    assert job.error == {
        "step": "simulate",
        "message": "the simulator hung",
        "log": "pc 0x0",
        "simulator": "unicorn",
    }
    with service.store.read() as session:
        log = find_artifact(session, job_id, "log.txt")
    assert log is not None
    text = (service.settings.storage / log.path).read_text()
    assert "simulate: started" in text
    assert "SimulationError: the simulator hung" in text
    assert "pc 0x0" in text


def test_a_defect_is_named_and_its_traceback_kept(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_defective):
        job = service.wait_for(job_id, JobState.FAILED)
    assert job.error is not None
    assert job.error["step"] == "emit"
    assert job.error["message"] == "ZeroDivisionError: division by zero"
    assert "Traceback" in service.file(job_id, "artifacts/log.txt").read_text()


def test_a_cancelled_job_stops_and_may_be_resumed(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_endless):
        pid = pid_of(service, job_id)
        until(lambda: service.job(job_id).progress is not None)
        cancel(service, job_id)
        job = service.wait_for(job_id, JobState.CANCELLED)
        assert job.step == "supernet"
        assert not alive(pid)
    with service.store.write() as session:
        resume_job(session, session.get_one(Job, job_id))
    with service.worker(pipelines.load_quick):
        service.wait_for(job_id, JobState.SUCCEEDED)


def test_a_job_that_does_not_listen_is_killed_with_what_it_started(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_deaf):
        pid = pid_of(service, job_id)
        assert alive(pid)
        cancel(service, job_id)
        service.wait_for(job_id, JobState.CANCELLED)
        assert not alive(pid)


def test_a_job_whose_process_was_killed_is_tried_again(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_dying_once):
        job = service.wait_for(job_id, JobState.SUCCEEDED)
    assert job.attempts == 2


def test_a_database_that_is_away_for_a_while_fails_no_job(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_without_database_once):
        job = service.wait_for(job_id, JobState.SUCCEEDED)
    assert (job.attempts, job.error) == (2, None)


def test_a_job_that_kills_every_process_fails_in_the_end(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_dying):
        job = service.wait_for(job_id, JobState.FAILED)
    assert job.error is not None
    assert job.error["message"] == (
        f"its process was ended by SIGKILL; given up after {MAX_ATTEMPTS} attempts"
    )


def test_a_worker_that_is_stopped_gives_its_job_back(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_endless):
        pid = pid_of(service, job_id)
    assert not alive(pid)
    job = service.job(job_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)


def test_a_killed_worker_takes_its_job_with_it_and_another_finishes_it(service: Service) -> None:
    job_id = service.submit()
    code = """
import sys
import small_pipelines
from worker.main import run_worker
from worker.settings import WorkerSettings
if __name__ == "__main__":
    settings = WorkerSettings(home=sys.argv[1], lease_seconds=2, poll_seconds=0.05)
    run_worker(settings, load=small_pipelines.load_endless)
"""
    script = service.settings.home / "a_worker.py"
    script.write_text(code)
    path = os.pathsep.join([str(service_root()), str(Path(__file__).parent)])
    worker = subprocess.Popen(
        [sys.executable, str(script), str(service.settings.home)],
        env={**os.environ, "PYTHONPATH": path},
    )
    pid = pid_of(service, job_id)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    until(lambda: not alive(pid))
    assert service.job(job_id).state == JobState.RUNNING
    with service.worker(pipelines.load_quick):
        job = service.wait_for(job_id, JobState.SUCCEEDED)
    assert job.attempts == 2


def test_of_two_workers_one_works_on_a_job(service: Service) -> None:
    job_id = service.submit()
    with service.worker(pipelines.load_endless), service.worker(pipelines.load_endless):
        pid_of(service, job_id)
        assert service.job(job_id).attempts == 1
        cancel(service, job_id)
        service.wait_for(job_id, JobState.CANCELLED)


def test_a_job_that_takes_too_much_memory_fails_and_says_so(service: Service) -> None:
    job_id = service.submit()
    limited = service.limited(job_memory_bytes=700 << 20)
    with limited.worker(pipelines.load_greedy):
        job = limited.wait_for(job_id, JobState.FAILED)
    assert job.error is not None
    assert job.error["step"] == "supernet"
    assert "734,003,200 are allowed" in job.error["message"]
    assert job.attempts == 1


def test_a_job_keeps_to_its_cpus(service: Service) -> None:
    job_id = service.submit()
    with service.limited(job_cpus=1).worker(pipelines.load_counting_cpus):
        assert service.wait_for(job_id, JobState.SUCCEEDED).result == {"cpus": 1}


def test_a_deployed_candidate_starts_from_its_searchs_steps(service: Service) -> None:
    parent = service.submit()
    for name in ("steps/supernet-1/supernet.pt", "steps/.search-2.tmp/half"):
        file = service.file(parent, name)
        file.parent.mkdir(parents=True)
        file.write_text("weights")
    with service.store.write() as session:
        request_cancel(session, session.get_one(Job, parent))
        request = session.get_one(Job, parent).request | {"candidate": 3}
        child = create_job(session, request, name="child", parent_id=parent)[0].id
    with service.worker(pipelines.load_quick):
        service.wait_for(child, JobState.SUCCEEDED)
    assert service.file(child, "steps/supernet-1/supernet.pt").read_text() == "weights"
    assert not service.file(child, "steps/.search-2.tmp").exists()


def test_a_job_whose_data_set_was_deleted_says_so(service: Service) -> None:
    with service.store.write() as session:
        request = {"dataset": "pets", "device": "stm32f411xe"}
        job_id = create_job(session, request, name="job", dataset_id="0" * 26)[0].id
    with service.worker(pipelines.load_quick):
        job = service.wait_for(job_id, JobState.FAILED)
    assert job.error is not None
    assert job.error["message"] == "the data set pets was deleted"
