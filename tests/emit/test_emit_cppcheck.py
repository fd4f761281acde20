"""Static analysis of the generated C: cppcheck, and GCC's and clang's strictest warnings here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinynas.devices import load_device
from tinynas.emit import Bundle
from tinynas.graph.random_operators import random_operators
from tinynas.pipeline.compiling import random_vectors, write_bundle
from tinynas.schedule import plan_layer
from tinynas.schedule.kernels import Kernel, kernel_of

STRICT = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
CHECKS = "--enable=warning,style,performance,portability"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Few bundles in which every kernel occurs that random graphs bring about."""
    device, folder = load_device("stm32f746xg"), tmp_path_factory.mktemp("bundles")
    found: list[Bundle] = []
    missing: set[Kernel] | None = None
    for seed in range(60):
        graph = random_operators(np.random.default_rng(seed))
        kernels = {kernel_of(graph, op) for op in graph.ops}
        missing = set(Kernel) if missing is None else missing
        if len(kernels & missing) < 2:
            continue
        missing -= kernels
        found.append(
            write_bundle(
                graph,
                plan_layer(graph),
                device,
                device.default_budget,
                random_vectors(graph, 0),
                folder / str(seed),
                name="network",
                info={},
            )
        )
    return found


def sources(bundle: Bundle) -> list[Path]:
    return sorted((*bundle.path.glob("src/*.c"), *bundle.path.glob("test/*.c")))


@pytest.mark.skipif(shutil.which("cppcheck") is None, reason="cppcheck is not installed")
def test_cppcheck_finds_nothing(bundles: list[Bundle]) -> None:
    for bundle in bundles:
        include = [f"-I{bundle.path / name}" for name in ("include", "test", "src")]
        files = [str(bundle.path / name) for name in ("src", "test")]
        command = ["cppcheck", "--std=c11", CHECKS, "--inline-suppr", "-q", *include, *files]
        done = subprocess.run(
            [*command, "--error-exitcode=1"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang from PyPI"])
def test_no_warning_on_this_computer(bundles: list[Bundle], compiler: str, tmp_path: Path) -> None:
    command = ["gcc"] if compiler == "gcc" else [sys.executable, "-m", "ziglang", "cc"]
    if shutil.which(command[0]) is None:
        pytest.skip("gcc is not installed")
    seen: set[str] = set()
    for bundle in bundles:
        include = [f"-I{bundle.path / name}" for name in ("include", "test")]
        own = ("network.c", "network_operators.c", "vectors.c", "host_test.c")
        new = [f for f in sources(bundle) if f.name in own or f.name not in seen]
        seen |= {f.name for f in new}
        done = subprocess.run(
            [*command, *STRICT, *include, "-c", *map(str, new)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
def test_no_warning_in_the_harness(bundles: list[Bundle], tmp_path: Path) -> None:
    folder = bundles[0].path / "firmware"
    include = ["-I.", "-I../include", "-I../test", "-include", "marks.h"]
    core = ["-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"]
    for name in ("startup.c", "uart.c", "harness.c"):
        command = ["arm-none-eabi-gcc", *core, *STRICT, "-ffreestanding", *include, "-c", name]
        done = subprocess.run(
            [*command, "-o", str(tmp_path / "object.o")],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
