"""Measuring on Ray: the same numbers as in one process, in order, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sockets import listening
from worker_service import until

from tinynas.data import Dataset, load_dataset
from tinynas.errors import InvalidInputError, TinynasError
from tinynas.search import EvaluationTask, LocalEvaluator
from tinynas.spaces import Architecture, Subspace, load_space
from tinynas.supernet import Supernet
from worker.cluster import Cluster
from worker.evaluator import RayEvaluator

pytestmark = pytest.mark.slow


class Deadly(Architecture):
    """Ends the process that takes it up."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


@pytest.fixture(scope="module")
def task() -> EvaluationTask:
    """An untrained supernet and some digits: accuracies differ, which is all that is needed."""
    dataset: Dataset = load_dataset("digits").at(16)
    subspace = Subspace(load_space("tiny"), 0.5, 16)
    supernet = Supernet(subspace, 10, 1, seed=3)
    return EvaluationTask(supernet, dataset.calibration_images(64), dataset.validation)


@pytest.fixture(scope="module")
def architectures() -> list[Architecture]:
    space = load_space("tiny")
    return Architecture.of_rows(space, space.sample(6, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def expected(task: EvaluationTask, architectures: list[Architecture]) -> list[float]:
    """What one process measures."""
    measured = LocalEvaluator(task).evaluate(architectures)
    assert len(set(measured)) > 1
    return measured


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="tn-", dir="/tmp") as folder:
        cluster = Cluster(cpus=2, folder=Path(folder))
        yield cluster
        cluster.close()


@pytest.fixture(scope="module")
def evaluator(task: EvaluationTask, cluster: Cluster) -> RayEvaluator:
    return RayEvaluator(task, cluster, actors=lambda: 2)


def processes(cluster: Cluster, evaluator: RayEvaluator) -> list[int]:
    calls = [actor.__ray_call__.remote(lambda _: os.getpid()) for actor in evaluator.actors]
    pids: list[int] = cluster.ray().get(calls)
    return pids


def test_two_actors_measure_what_one_process_measures(
    evaluator: RayEvaluator, architectures: list[Architecture], expected: list[float]
) -> None:
    assert evaluator.evaluate(architectures) == expected
    assert evaluator.evaluate(architectures[::-1]) == expected[::-1]
    assert evaluator.evaluate([]) == []


def test_a_cluster_of_its_own_is_reached_from_this_machine_alone(evaluator: RayEvaluator) -> None:
    addresses = listening(os.getpid())
    assert len(addresses) >= 4  # this process, the node, the control store, the actors
    assert {ip for ip in addresses if not ip.is_loopback} == set()


def test_a_killed_actor_is_replaced_and_nothing_is_lost(
    cluster: Cluster,
    evaluator: RayEvaluator,
    architectures: list[Architecture],
    expected: list[float],
) -> None:
    until(
        lambda: evaluator.evaluate(architectures[:2]) == expected[:2] and len(evaluator.actors) > 1
    )
    pids = processes(cluster, evaluator)
    assert len(set(pids)) == 2
    os.kill(pids[0], signal.SIGKILL)
    assert evaluator.evaluate(architectures) == expected
    assert pids[0] not in processes(cluster, evaluator)


def test_a_measurement_that_ends_every_process_is_an_error(
    evaluator: RayEvaluator, architectures: list[Architecture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.evaluator.MAX_LOSSES", 2)
    with pytest.raises(TinynasError, match="2 processes ended while they measured one network"):
        evaluator.evaluate([architectures[0], Deadly(architectures[0].space, architectures[0].row)])


def test_an_error_of_a_measurement_is_raised(evaluator: RayEvaluator) -> None:
    with pytest.raises(InvalidInputError, match="architecture of space mcunet") as raised:
        evaluator.evaluate([load_space("mcunet").smallest])
    assert raised.value.field == "architecture"


def test_an_evaluator_that_is_closed_leaves_no_process(
    cluster: Cluster, evaluator: RayEvaluator
) -> None:
    """The last test here: the evaluator's cluster goes with it."""
    pids = processes(cluster, evaluator)
    evaluator.close()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
