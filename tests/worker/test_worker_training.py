"""Ray Train's workers on one network: alike, repeatable, replaced when one dies, stopped together.

Few trainings for many claims: each has to start its processes.
"""

from __future__ import annotations

import os
import threading
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from sockets import listening
from training_tasks import Counted, Impossible, Watched, supernet

from tinynas.errors import CancelledError, InvalidInputError, TinynasError
from tinynas.pipeline import Workplace
from tinynas.progress import Event, Reporter
from worker.cluster import Cluster
from worker.place import ray_workplace
from worker.training import train_on_ray

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Undisturbed:
    """What two workers make of a training, what the job hears, and where anybody listens."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.addresses: set[IPv4Address | IPv6Address] = set()
        self._ended = threading.Event()
        watcher = threading.Thread(target=self._look)
        watcher.start()
        try:
            reporter = Reporter("supernet", self.events.append)
            task, checkpoint = Watched(folder), folder / "checkpoint.pt"
            self.weights = train_on_ray(cluster, task, 2, checkpoint, reporter)
        finally:
            self._ended.set()
            watcher.join()

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            self.addresses.update(listening(os.getpid()))

    def __eq__(self, weights: object) -> bool:
        assert isinstance(weights, dict)
        return weights.keys() == self.weights.keys() and all(
            bool((weights[key] == value).all()) for key, value in self.weights.items()
        )


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(cluster, tmp_path_factory.mktemp("undisturbed"))


def test_gradients_are_averaged_and_stops_are_shared(undisturbed: Undisturbed) -> None:
    found = [(undisturbed.folder / f"saw-{i}").read_text() for i in range(2)]
    assert found[0] == "(2, [[1.5, 1.5]], True, [0, 2, 4])"
    assert found[1] == "(2, [[1.5, 1.5]], True, [1, 3])"


def test_the_job_hears_the_first_worker(undisturbed: Undisturbed) -> None:
    done = [e.data["done"] for e in undisturbed.events if e.kind == "progress"]
    assert done == [16, 32, 48, 64, 80, 96]
    assert {e.step for e in undisturbed.events} == {"supernet"}
    assert undisturbed != supernet().state_dict()


def test_nothing_of_ray_train_is_left_behind(undisturbed: Undisturbed) -> None:
    left = sorted(path.name for path in undisturbed.folder.iterdir())
    assert left == ["checkpoint.pt", "saw-0", "saw-1"]


def test_nothing_listens_beyond_this_machine(undisturbed: Undisturbed) -> None:
    assert undisturbed.addresses
    assert {ip for ip in undisturbed.addresses if not ip.is_loopback} == set()


def test_cancelled_then_killed_the_training_ends_with_the_same_weights(
    cluster: Cluster, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    heard: list[Event] = []
    checkpoint = tmp_path / "checkpoint.pt"
    reporter = Reporter("supernet", heard.append, lambda: bool(heard))
    with pytest.raises(CancelledError):
        train_on_ray(cluster, Watched(tmp_path, waits=True), 2, checkpoint, reporter)
    assert checkpoint.is_file()
    weights = train_on_ray(cluster, Watched(tmp_path, 0), 2, checkpoint, Reporter("supernet"))
    assert (tmp_path / "killed").exists()
    assert undisturbed == weights


def test_a_training_that_cannot_be_done_says_why(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(TinynasError, match="worker one says no") as raised:
        train_on_ray(cluster, Impossible(), 2, tmp_path / "none", Reporter())
    assert raised.value.details == {"step": 3}


def test_more_workers_than_the_cluster_has_room_for(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.cluster.ROOM_SECONDS", 0.0)
    with pytest.raises(TinynasError, match="3 workers shall train, but of CPUs the cluster has 2"):
        train_on_ray(cluster, Counted(), 3, tmp_path / "none", Reporter())


def test_one_worker_trains_in_the_jobs_own_process(cluster: Cluster, tmp_path: Path) -> None:
    place = ray_workplace(cluster, actors=lambda: 1)
    found = place.train(Counted(), 1, tmp_path / "none", Reporter())
    assert found["workers"].tolist() == [1]


def test_several_workers_without_a_cluster_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="2 workers train on a Ray cluster") as raised:
        Workplace().train(Counted(), 2, tmp_path / "none", Reporter())
    assert raised.value.field == "workers"
