"""Requantisation in C against the formulas in NumPy: extremes, ties, every shift."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from emit_batch import compile_program, kernel_texts
from numpy.typing import NDArray

from tinynas.cost.forms import has_short_form
from tinynas.emit.constants import GENERAL
from tinynas.graph.arithmetic import multiply_by_quantized_multiplier

_PROGRAM = """
#include <stdio.h>
#include "network_kernels.h"
int main(int argc, char **argv)
{
    FILE *const from = fopen(argv[1], "rb");
    FILE *const to = fopen(argv[2], "wb");
    int32_t record[4];
    if (argc != 3 || from == NULL || to == NULL) return 2;
    while (fread(record, sizeof record, 1, from) == 1) {
        network_conv_op op = {.minimum = -128, .maximum = 127};
        op.output.zero_point = (int16_t)record[3];
        const int8_t y = (int8_t)network_rescale(&op, record[0], record[1], record[2]);
        fwrite(&y, 1, 1, to);
    }
    fclose(from);
    return fclose(to);
}
"""

MULTIPLIERS = (1 << 30, (1 << 30) + 1, (1 << 31) - 1, 0x5A827999, 3 << 29)


_SMALL_CORES = "#define NETWORK_SHORT_PRODUCTS\n#define NETWORK_BYTEWISE\n"
"""The C of cores without long multiplication."""


@pytest.fixture(scope="module", params=["", _SMALL_CORES], ids=["long products", "short products"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arithmetic")
    texts = kernel_texts(["requantise.c"]) | {"main.c": _PROGRAM}
    return compile_program(folder, {name: request.param + text for name, text in texts.items()})


def _in_c(program: Path, records: NDArray[np.int64]) -> NDArray[np.int8]:
    """Outputs of records (accumulator, multiplier, encoded right shift, zero point)."""
    records.astype(np.int32).tofile(program.parent / "in")
    subprocess.run([str(program), "in", "out"], cwd=program.parent, check=True)
    return np.fromfile(program.parent / "out", dtype=np.int8)


def _expected(records: NDArray[np.int64], rights: NDArray[np.int64]) -> NDArray[np.int8]:
    scaled = multiply_by_quantized_multiplier(records[:, 0], records[:, 1], -1 - rights)
    outputs: NDArray[np.int8] = np.clip(scaled + records[:, 3], -128, 127).astype(np.int8)
    return outputs


def _accumulators(
    rng: np.random.Generator, multiplier: int, right: int, limit: int
) -> NDArray[np.int64]:
    """Up to +-limit: extremes, around zero, random, and around the ties of low outputs."""
    shift = right + 32
    halves = np.arange(-300, 300) + 0.5
    ties = np.floor(np.clip(halves * 2.0**shift / multiplier, -limit, limit)).astype(np.int64)
    near = np.concatenate([ties + d for d in range(-2, 4)])
    random = rng.integers(-limit, limit + 1, 400)
    edges = [-limit, -limit + 1, limit - 1, limit, *range(-5, 6)]
    return np.unique(np.clip(np.concatenate([near, random, edges]), -limit, limit))


def test_short_form_under_its_conditions(program: Path) -> None:
    rng = np.random.default_rng(3)
    records = []
    for zero_point in (-128, -1, 0, 3, 127):
        for right in range(32):
            for multiplier in MULTIPLIERS:
                limits = np.array([(1 << n) - 1 for n in range(8, 31)])
                allowed = has_short_form(limits, np.full(len(limits), right), zero_point)
                if not allowed.any():
                    continue
                accumulators = _accumulators(rng, multiplier, right, int(limits[allowed][-1]))
                rest = np.array([multiplier, right, zero_point])
                records.append(np.insert(np.tile(rest, (len(accumulators), 1)), 0, accumulators, 1))
    table = np.concatenate(records)
    assert len(table) > 200_000
    assert table[:, 2].max() >= 22
    np.testing.assert_array_equal(_in_c(program, table), _expected(table, table[:, 2]))


def test_short_form_is_refused_just_beyond_its_conditions() -> None:
    one = np.array([0])
    assert has_short_form(np.array([(1 << 30) - 1]), np.array([16]), 0).all()
    assert not has_short_form(np.array([1 << 30]), np.array([16]), 0).any()
    assert not has_short_form(np.array([(1 << 30) - 1]), one, 0).any()
    assert has_short_form(np.array([(32512 << 1) - 1]), one, 0).all()
    assert not has_short_form(np.array([32512 << 1]), one, 0).any()
    assert not has_short_form(np.array([1]), np.array([-1]), 0).any()
    assert not has_short_form(np.array([1]), np.array([24]), -128).any()


def test_general_form_for_everything(program: Path) -> None:
    rng = np.random.default_rng(4)
    records = []
    for zero_point in (-128, 0, 127):
        for right in range(-32, 31):
            for multiplier in (0, *MULTIPLIERS, 12345):
                accumulators = _accumulators(rng, max(multiplier, 1), right, (1 << 31) - 1)
                rest = np.array([multiplier, right - GENERAL, zero_point])
                records.append(np.insert(np.tile(rest, (len(accumulators), 1)), 0, accumulators, 1))
    table = np.concatenate(records)
    table = np.concatenate([table, table[: len(MULTIPLIERS)]])
    table[-len(MULTIPLIERS) :, 0] = -(1 << 31)
    np.testing.assert_array_equal(_in_c(program, table), _expected(table, table[:, 2] + GENERAL))
