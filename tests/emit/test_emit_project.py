"""The bundle as a C project: builds and passes alone, is written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from emit_batch import SANITISERS

from tinynas.devices import Budget, Device, load_device
from tinynas.emit import Bundle, Vectors, emit, load_bundle
from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.reference import run
from tinynas.schedule import plan_layer

PLENTY = Budget(128 * 1024, 512 * 1024)


@pytest.fixture(scope="module")
def device() -> Device:
    return load_device("stm32f411xe")


@pytest.fixture(scope="module")
def graph() -> Graph:
    options = RandomGraphOptions(min_size=12, max_size=16, blocks=(3, 3), classifier=True)
    return random_graph(np.random.default_rng(21), options)


def _vectors(graph: Graph, count: int = 16) -> Vectors:
    shape = (count, *graph.tensors["input"].shape[1:])
    inputs = np.random.default_rng(0).integers(-128, 128, shape, dtype=np.int8)
    outputs = run(graph, {"input": inputs})[graph.outputs[0]].astype(np.int8)
    return Vectors(inputs, outputs)


def _emit(graph: Graph, device: Device, out: Path, vectors: Vectors | None = None) -> Bundle:
    vectors = vectors or _vectors(graph)
    return emit(graph, plan_layer(graph), device, out, vectors=vectors, budget=PLENTY, info={})


def _make(folder: Path, target: str, *settings: str) -> subprocess.CompletedProcess[str]:
    """`make`, with nothing in the environment that could lead to this project."""
    environment = {"PATH": os.defpath}
    command = ["make", target, *settings]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
def test_cmake_builds_library_and_test(graph: Graph, device: Device, tmp_path: Path) -> None:
    bundle = _emit(graph, device, tmp_path / "net")
    (tmp_path / "main.c").write_text(
        f'#include "{bundle.name}.h"\n'
        f"int main(void) {{ return {bundle.name}_init(0, 0, 0) != 1; }}\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(app C)\nadd_subdirectory(net)\n"
        f"add_executable(app main.c)\ntarget_link_libraries(app PRIVATE {bundle.name})\n"
    )
    for source, program in ((bundle.path, f"{bundle.name}_host_test"), (tmp_path, "app")):
        build = tmp_path / f"build-{program}"
        for command in (
            ["cmake", "-S", str(source), "-B", str(build)],
            ["cmake", "--build", str(build)],
            [str(build / program)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def test_a_copied_bundle_builds_and_passes(graph: Graph, device: Device, tmp_path: Path) -> None:
    _emit(graph, device, tmp_path / "made").path.rename(tmp_path / "copied")
    result = _make(tmp_path / "copied", "test", "CFLAGS=-O1 " + " ".join(SANITISERS))
    assert result.returncode == 0, result.stderr
    assert "16 vectors, 0 mismatched bytes" in result.stdout
    assert (tmp_path / "copied/build/libnetwork.a").is_file()


def test_a_wrong_byte_fails_the_host_test(graph: Graph, device: Device, tmp_path: Path) -> None:
    vectors = _vectors(graph)
    vectors.outputs.reshape(-1)[3] ^= 1
    _emit(graph, device, tmp_path / "out", vectors)
    result = _make(tmp_path / "out", "test")
    assert result.returncode != 0
    assert "16 vectors, 1 mismatched bytes" in result.stdout


def test_the_header_serves_cpp(graph: Graph, device: Device, tmp_path: Path) -> None:
    bundle = _emit(graph, device, tmp_path / "out")
    text = '#include "network.h"\nint main() { network_context c; return network_run(&c) < 0; }\n'
    (tmp_path / "main.cpp").write_text(text)
    command = ["c++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{bundle.path}/include"]
    result = subprocess.run([*command, "main.cpp"], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


def test_errors_of_the_c_interface(graph: Graph, device: Device, tmp_path: Path) -> None:
    bundle = _emit(graph, device, tmp_path / "out")
    (bundle.path / "test/host_test.c").write_text(
        """
#include <stdio.h>
#include "network.h"
static _Alignas(8) uint8_t arena[NETWORK_ARENA_BYTES + 8];
int main(void) {
    network_context c = {NULL};
    printf("%d", network_run(NULL));
    printf("%d", network_run(&c));
    printf("%d", network_init(&c, NULL, sizeof arena));
    printf("%d", network_init(&c, arena, NETWORK_ARENA_BYTES - 1));
    printf("%d", network_init(&c, arena + 2, NETWORK_ARENA_BYTES));
    printf("%d", network_run(&c));
    printf("%d", network_init(&c, arena, NETWORK_ARENA_BYTES));
    return network_run(&c);
}
"""
    )
    result = _make(bundle.path, "test")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("1112310")


def test_it_says_what_it_is(graph: Graph, device: Device, tmp_path: Path) -> None:
    vectors = _vectors(graph)
    written = emit(
        graph,
        plan_layer(graph),
        device,
        tmp_path / "out",
        vectors=vectors,
        budget=PLENTY,
        name="digits",
        info={"seed": 5},
        extra_files={"firmware/Makefile": "all:\n"},
    )
    bundle = load_bundle(written.path)
    assert bundle == written
    assert (bundle.name, bundle.device) == ("digits", device.name)
    assert bundle.description["info"] == {"seed": 5}
    assert bundle.schedule == plan_layer(graph)
    assert bundle.arena_bytes == bundle.schedule.arena_bytes
    assert bundle.graph == graph
    np.testing.assert_array_equal(bundle.vectors.inputs, vectors.inputs)
    np.testing.assert_array_equal(bundle.vectors.outputs, vectors.outputs)
    assert sum(o["macs"] for o in bundle.description["operators"]) == graph.macs
    header = (bundle.path / "include/digits.h").read_text()
    assert f"#define DIGITS_ARENA_BYTES {bundle.arena_bytes}\n" in header
    assert "tinynas_" not in "".join(p.read_text() for p in bundle.path.rglob("src/*"))
    assert (bundle.path / "firmware/Makefile").read_text() == "all:\n"
    assert (bundle.path / "LICENSE").read_bytes() == (
        Path(__file__).parents[2] / "LICENSE"
    ).read_bytes()


def test_the_manifest_lists_every_file(graph: Graph, device: Device, tmp_path: Path) -> None:
    path = _emit(graph, device, tmp_path / "out").path
    lines = [line.split("  ", 1) for line in (path / "MANIFEST").read_text().splitlines()]
    files = {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()} - {"MANIFEST"}
    assert {name for _, name in lines} == files
    for digest, name in lines:
        assert hashlib.sha256((path / name).read_bytes()).hexdigest() == digest


def test_equal_requests_give_equal_bytes(graph: Graph, device: Device, tmp_path: Path) -> None:
    manifests = {
        (_emit(graph, device, tmp_path / name).path / "MANIFEST").read_text() for name in "ab"
    }
    assert len(manifests) == 1


def test_an_older_bundle_is_replaced(graph: Graph, device: Device, tmp_path: Path) -> None:
    path = _emit(graph, device, tmp_path / "out").path
    (path / "src/old.c").write_text("int old;\n")
    _emit(graph, device, path)
    assert not (path / "src/old.c").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_another_folder_is_left_alone(graph: Graph, device: Device, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInputError, match="no bundle") as error:
        _emit(graph, device, tmp_path / "mine")
    assert error.value.field == "out"
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_nothing_is_left_of_a_failure(graph: Graph, device: Device, tmp_path: Path) -> None:
    schedule, vectors = plan_layer(graph), _vectors(graph)
    with pytest.raises(InfeasibleBudgetError) as error:
        emit(graph, schedule, device, tmp_path / "out", vectors=vectors, budget=Budget(64, 1 << 20))
    assert error.value.field == "sram"
    assert error.value.required_bytes > schedule.arena_bytes
    with pytest.raises(InvalidInputError, match="outside"):
        emit(
            graph,
            schedule,
            device,
            tmp_path / "out",
            vectors=vectors,
            budget=PLENTY,
            extra_files={"../escaped": ""},
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "Network", "9net", "int", "a-b", "x" * 32])
def test_a_name_that_is_no_prefix(name: str, graph: Graph, device: Device, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="prefix") as error:
        emit(
            graph,
            plan_layer(graph),
            device,
            tmp_path / "out",
            vectors=_vectors(graph),
            budget=PLENTY,
            name=name,
        )
    assert error.value.given == name


def test_vectors_of_another_network(graph: Graph, device: Device, tmp_path: Path) -> None:
    good = _vectors(graph)
    for bad in (
        Vectors(good.inputs[:15], good.outputs[:15]),
        Vectors(good.inputs, good.outputs[:, :-1]),
        Vectors(good.inputs[:-1], good.outputs),
        Vectors(good.inputs.astype(np.int16), good.outputs),
    ):
        with pytest.raises(InvalidInputError, match="vectors"):
            _emit(graph, device, tmp_path / "out", bad)


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    for text in (None, "{", "[]", json.dumps({"format": "other"})):
        if text is not None:
            (tmp_path / "bundle.json").write_text(text)
        with pytest.raises(InvalidInputError, match="is no bundle"):
            load_bundle(tmp_path)
