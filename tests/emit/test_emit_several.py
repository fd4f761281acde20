"""Networks of several inputs and outputs, and several contexts of one network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from emit_batch import SANITISERS

from tinynas.devices import Budget, load_device
from tinynas.emit import Bundle
from tinynas.graph.ir import Graph
from tinynas.graph.random_operators import random_operators
from tinynas.pipeline.compiling import random_vectors, write_bundle
from tinynas.schedule import plan_layer

INTERLEAVED = """
#include <stdio.h>
#include <string.h>
#include "network.h"
#include "vectors.h"
enum { CONTEXTS = 2 };
static _Alignas(4) uint8_t arenas[CONTEXTS][NETWORK_ARENA_BYTES];
int main(void) {
    network_context contexts[CONTEXTS];
    int wrong = 0;
    for (int k = 0; k < CONTEXTS; ++k) {
        if (network_init(&contexts[k], arenas[k], sizeof arenas[k]) != NETWORK_OK) return 1;
    }
    for (size_t i = 0; i + CONTEXTS <= NETWORK_VECTORS; i += CONTEXTS) {
        for (size_t k = 0; k < CONTEXTS; ++k) {
            const int8_t *from = network_vector_inputs[i + k];
            %(fill)s
        }
        for (size_t k = CONTEXTS; k-- > 0;) wrong += network_run(&contexts[k]) != NETWORK_OK;
        for (size_t k = 0; k < CONTEXTS; ++k) {
            const int8_t *expected = network_vector_outputs[i + k];
            %(compare)s
        }
    }
    printf("%%d", wrong);
    return wrong;
}
"""


def several(least: int = 2) -> Graph:
    """The first random graph with so many inputs and outputs of unlike sizes."""
    for seed in range(1000):
        graph = random_operators(np.random.default_rng(seed))
        sizes = [graph.tensors[n].bytes for n in (*graph.inputs, *graph.outputs)]
        if min(len(graph.inputs), len(graph.outputs)) >= least and len(set(sizes)) > 2:
            return graph
    raise AssertionError("none found")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    graph, device = several(), load_device("stm32f411xe")
    plenty = Budget(128 * 1024, 512 * 1024)
    vectors = random_vectors(graph, 3)
    where = tmp_path / "bundle"
    return write_bundle(
        graph, plan_layer(graph), device, plenty, vectors, where, name="network", info={}
    )


def _make_test(bundle: Bundle) -> subprocess.CompletedProcess[str]:
    command = ["make", "test", "CFLAGS=-O1 " + " ".join(SANITISERS)]
    environment = {"PATH": os.defpath}
    return subprocess.run(
        command, cwd=bundle.path, env=environment, capture_output=True, text=True, check=False
    )


def test_each_input_and_output_has_macros_and_a_function(bundle: Bundle) -> None:
    graph = bundle.graph
    header = (bundle.path / "include/network.h").read_text()
    assert f"#define NETWORK_INPUTS {len(graph.inputs)}\n" in header
    assert f"#define NETWORK_OUTPUTS {len(graph.outputs)}\n" in header
    for role, names in (("input", graph.inputs), ("output", graph.outputs)):
        for i, name in enumerate(names):
            tensor = graph.tensors[name]
            assert f"#define NETWORK_{role.upper()}{i}_BYTES {tensor.bytes}\n" in header
            assert f"#define NETWORK_{role.upper()}{i}_ZERO_POINT" in header
            assert f"int8_t *network_{role}{i}(const network_context *context);" in header


def test_the_host_test_compares_all_of_them(bundle: Bundle) -> None:
    done = _make_test(bundle)
    assert done.returncode == 0, done.stderr
    assert "16 vectors, 0 mismatched bytes" in done.stdout
    bundle.vectors.outputs[3, -1] ^= 1  # the last output's last byte
    text = (bundle.path / "test/vectors.c").read_text()
    last = text.rindex(",", 0, text.rindex("}"))
    number = text[:last].rstrip().rstrip("}").rstrip()
    end = len(number)
    begin = max(number.rfind(" ", 0, end), number.rfind("\n", 0, end)) + 1
    value = int(number[begin:end])
    (bundle.path / "test/vectors.c").write_text(text[:begin] + str(value ^ 1) + text[end:])
    assert "16 vectors, 1 mismatched bytes" in _make_test(bundle).stdout


def test_contexts_do_not_meet(bundle: Bundle) -> None:
    """Two contexts are filled, run in the other order, and only then read."""
    graph = bundle.graph
    moves = [
        f"memcpy(network_input{i}(&contexts[k]), from, NETWORK_INPUT{i}_BYTES); "
        f"from += NETWORK_INPUT{i}_BYTES;"
        for i in range(len(graph.inputs))
    ]
    compares = [
        f"wrong += memcmp(network_output{i}(&contexts[k]), expected, "
        f"NETWORK_OUTPUT{i}_BYTES) != 0; expected += NETWORK_OUTPUT{i}_BYTES;"
        for i in range(len(graph.outputs))
    ]
    text = INTERLEAVED % {"fill": " ".join(moves), "compare": " ".join(compares)}
    (bundle.path / "test/host_test.c").write_text(text)
    done = _make_test(bundle)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.endswith("0")
