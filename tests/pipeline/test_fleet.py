"""Several devices from one supernet: trained once, a validated bundle for each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from PIL import Image

from tinynas.cli.search import fleet_requests
from tinynas.errors import InvalidInputError
from tinynas.pipeline import JobResult, run_fleet, run_pipeline
from tinynas.pipeline.fleet import common_subspace, in_one_space
from tinynas.progress import Event, Reporter
from tinynas.request import Effort, JobRequest, starting_from
from tinynas.spaces import Subspace, load_space
from tinynas.subspace import choose_subspace

REQUEST = JobRequest(
    "digits",
    effort=Effort(train_images=256, evaluations=2, finetune_images=64),
    simulator="unicorn",
)
REQUESTS = fleet_requests(REQUEST, "stm32f411xe:16KB:80KB, stm32f746xg:32KB:128KB")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return []


@pytest.fixture(scope="module")
def results(folder: Path, events: list[Event]) -> list[JobResult]:
    return run_fleet(REQUESTS, folder, reporter=Reporter(listener=events.append))


def test_a_validated_bundle_for_each(results: list[JobResult]) -> None:
    assert len(results) == 2
    for request, result in zip(REQUESTS, results, strict=True):
        found = result.to_json()
        assert found["device"].lower() == request.device
        assert found["validation"]["mismatched_bytes"] == 0
        assert found["sram_bytes"]["measured"] <= request.budget.sram_bytes
        assert found["flash_bytes"]["measured"] <= request.budget.flash_bytes
    assert results[0].summary["subspace"] == results[1].summary["subspace"]


def test_it_was_trained_once(results: list[JobResult], events: list[Event]) -> None:
    trained = {e.data["at"] for e in events if e.kind == "metric" and e.data["name"] == "supernet"}
    points = [e for e in events if e.kind == "metric" and e.data["name"] == "supernet"]
    assert len(trained) > 0
    assert len({(p.data["at"], tuple(p.data["values"])) for p in points}) == len(points)


def test_no_network_was_measured_twice(results: list[JobResult], folder: Path) -> None:
    lines = (folder / "accuracies.jsonl").read_text().splitlines()
    rows = [tuple(json.loads(line)[1]) for line in lines]
    assert len(set(rows)) == len(rows)
    found = {tuple(c["architecture"]["row"]) for r in results for c in r.candidates}
    assert found == set(rows)


def test_another_job_starts_from_the_same_supernet(folder: Path, results: list[JobResult]) -> None:
    """The file is all it needs, whatever its request calls it; stage 1 keeps to its subspace."""
    path = folder / "supernet.safetensors"
    aims = ("accuracy", "sram")
    request = starting_from(
        replace(REQUESTS[0], engine="random", objectives=aims), "of another job"
    )
    again = run_pipeline(request, folder / "alone", supernet=path)
    assert not (again.artifacts / "supernet.safetensors").exists()
    (journal,) = (folder / "alone").glob("steps/search-*/study.journal")
    storage = JournalStorage(JournalFileBackend(str(journal)))
    (study,) = optuna.get_all_study_summaries(storage)
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert str(path) not in (again.artifacts / "report.json").read_text()
    assert again.summary["subspace"] == results[0].summary["subspace"]
    assert again.summary["validation"]["mismatched_bytes"] == 0
    with pytest.raises(InvalidInputError, match="no network that fits the budget"):
        run_pipeline(replace(request, sram_bytes=1400), folder / "tight", supernet=path)


def test_a_supernet_of_other_classes_is_refused(
    folder: Path, results: list[JobResult], tmp_path: Path
) -> None:
    del results
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for i in range(8):
            pixels = np.random.default_rng([i, len(name), ord(name[0])]).integers(0, 256, (9, 9))
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "pets" / name / f"{i}.png")
    supernet = str(folder / "supernet.safetensors")
    request = starting_from(replace(REQUESTS[0], dataset=str(tmp_path / "pets")), supernet)
    with pytest.raises(InvalidInputError, match="tells 10 classes"):
        run_pipeline(request, tmp_path / "job")


def test_another_seed_than_the_supernets_is_refused(
    folder: Path, results: list[JobResult], tmp_path: Path
) -> None:
    del results
    supernet = str(folder / "supernet.safetensors")
    request = starting_from(replace(REQUESTS[0], seed=REQUESTS[0].seed + 1), supernet)
    with pytest.raises(InvalidInputError, match="would judge networks by some of them") as error:
        run_pipeline(request, tmp_path / "job")
    assert (error.value.field, error.value.allowed) == ("seed", REQUESTS[0].seed)


def test_another_space_than_the_supernets_is_refused(
    folder: Path, results: list[JobResult], tmp_path: Path
) -> None:
    del results
    supernet = str(folder / "supernet.safetensors")
    request = starting_from(replace(REQUESTS[0], space="tiny-friendly"), supernet)
    with pytest.raises(InvalidInputError, match="is of space tiny, asked for") as error:
        run_pipeline(request, tmp_path / "job")
    assert error.value.field == "space"
    assert not list(tmp_path.rglob("*.pt"))


def test_the_common_subspace_serves_all() -> None:
    tables = []
    for request in REQUESTS:
        tables.append(
            choose_subspace(
                load_space("tiny"),
                request.budget,
                classes=10,
                input_channels=1,
                device=request.target,
                samples=100,
            )
        )
    names = ["small", "large"]
    chosen = common_subspace(tables, names)
    assert all(row.fits > 0 for table in tables for row in table.rows if row.subspace == chosen)
    assert common_subspace(tables[:1], names[:1]) == tables[0].chosen
    nothing = replace(tables[0], rows=tuple(replace(r, fits=0.0) for r in tables[0].rows))
    with pytest.raises(InvalidInputError, match="small has the least SRAM"):
        common_subspace([nothing, tables[1]], names)
    assert isinstance(chosen, Subspace)


@pytest.mark.parametrize("devices", ["stm32f411xe:16KB", "", "stm32f411xe,,"])
def test_what_is_no_list_of_devices_is_refused(devices: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        fleet_requests(REQUEST, devices)
    assert error.value.field == "devices"


def test_a_device_twice_is_refused(tmp_path: Path) -> None:
    requests = fleet_requests(REQUEST, "stm32f411xe,STM32F411xE")
    with pytest.raises(InvalidInputError, match="there twice"):
        run_fleet(requests, tmp_path)


@pytest.mark.parametrize(
    ("devices", "space"),
    [
        ("stm32f746xg,stm32h743xi", "mcunet"),
        ("stm32f746xg,stm32f103xe", "tiny-photos"),
        ("stm32f746xg:64KB:256KB,stm32h743xi", "tiny-photos"),
    ],
)
def test_devices_of_any_size_are_searched_in_one_space(devices: str, space: str) -> None:
    alike = in_one_space(fleet_requests(REQUEST, devices), 128)
    assert [request.space for request in alike] == [space, space]
    named = in_one_space(fleet_requests(replace(REQUEST, space="mcunetv2"), devices), 128)
    assert [request.space for request in named] == ["mcunetv2", "mcunetv2"]
