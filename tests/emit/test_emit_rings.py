"""Kernels fed row by row through rings: the window mechanism that streaming stands on."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emit_batch import case_of, compile_program, kernel_texts
from emit_graphs import convolution, depthwise

from tinynas.emit.c_text import initialiser, words
from tinynas.emit.operators import operator_of, sources_of
from tinynas.graph.ir import Conv2D, DepthwiseConv2D, Graph, Window, same_padding
from tinynas.schedule import plan_layer

_PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "network_kernels.h"

static const uint32_t constants[] = {{
{constants}
}};
static const network_conv_op op = {op};
static _Alignas(4) int8_t arena[{arena}];
static const network_span columns[1] = {{{{0, {out_columns}}}}};

int main(int argc, char **argv)
{{
    FILE *const from = fopen(argv[1], "rb");
    FILE *const to = fopen(argv[2], "wb");
    if (argc != 3 || from == NULL || to == NULL) return 2;
    int32_t fed = 0;
    for (int32_t row = 0; row < {out_rows}; ++row) {{
        const int32_t needed = row * {stride} - {top} + {kernel};
        for (; fed < needed && fed < {in_rows}; ++fed) {{
            int8_t *const slot = arena + fed % {in_ring} * {in_bytes};
            if (fread(slot, 1, {in_bytes}, from) != {in_bytes}) return 3;
        }}
        const network_span rows[1] = {{{{(uint16_t)row, (uint16_t)(row + 1)}}}};
        const network_tile tile = {{rows, columns}};
        network_{kernel_name}(&op, arena, &tile);
        fwrite(arena + {out_offset} + row % {out_ring} * {out_bytes}, 1, {out_bytes}, to);
    }}
    fclose(from);
    return fclose(to);
}}
"""


def _program(graph: Graph, out_ring: int) -> tuple[str, list[str]]:
    """C that feeds a one-op network row by row, in rings of kernel rows and `out_ring` rows."""
    operator = operator_of(graph, plan_layer(graph), 0)
    attributes = graph.ops[0].attributes
    assert isinstance(attributes, (Conv2D, DepthwiseConv2D))
    assert operator.constants is not None
    window, kernel = attributes.window, attributes.window.kernel[0]
    members: dict[str, Any] = dict(operator.members)
    source, out = members["input"], members["output"]
    in_ring = min(kernel, source["rows"])
    out_offset = -(-in_ring * source["row_bytes"] // 4) * 4
    scratch = out_offset + -(-out_ring * out["row_bytes"] // 4) * 4
    members["input"] = source | {"offset": 0, "ring": in_ring}
    members["output"] = out | {"offset": out_offset, "ring": out_ring}
    members |= {"scratch": scratch, "constants": "constants"}
    text = _PROGRAM.format(
        constants=words(operator.constants),
        op=initialiser(members),
        arena=scratch + 4 * graph.tensors["y.weight"].elements,
        out_columns=out["columns"],
        out_rows=out["rows"],
        stride=window.stride[0],
        top=window.padding[0],
        kernel=kernel,
        in_rows=source["rows"],
        in_ring=in_ring,
        in_bytes=source["row_bytes"],
        kernel_name=operator.kernel,
        out_offset=out_offset,
        out_ring=out_ring,
        out_bytes=out["row_bytes"],
    )
    return text, sources_of({operator.kernel})


def _same(size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> Window:
    return Window(kernel, stride, same_padding(size, kernel, stride))


def _graphs() -> dict[str, Graph]:
    rng = np.random.default_rng(8)
    size = (11, 6)
    kernels = {"3x3": (3, 3), "5x5": (5, 5), "4x2": (4, 2)}
    graphs = {"pointwise": convolution(rng, (*size, 5), 6, Window((1, 1)))}
    for name, kernel in kernels.items():
        for stride in ((1, 1), (2, 2)):
            window = _same(size, kernel, stride)
            label = f"{name} stride {stride[0]}"
            graphs[f"conv {label}"] = convolution(rng, (*size, 3), 5, window)
            graphs[f"depthwise {label}"] = depthwise(rng, (*size, 7), window)
            graphs[f"multiplier {label}"] = depthwise(rng, (*size, 2), window, 2)
    return graphs


GRAPHS = _graphs()


@pytest.mark.parametrize("out_ring", [1, 3])
@pytest.mark.parametrize("name", GRAPHS)
def test_rows_through_rings(name: str, out_ring: int, tmp_path: Path) -> None:
    graph = GRAPHS[name]
    text, sources = _program(graph, out_ring)
    program = compile_program(tmp_path, kernel_texts(sources) | {"main.c": text})
    case = case_of(graph, plan_layer(graph), seed=3, count=1)
    (tmp_path / "in").write_bytes(case.inputs.tobytes())
    subprocess.run([str(program), "in", "out"], cwd=tmp_path, check=True)
    actual = np.fromfile(tmp_path / "out", dtype=np.int8)
    np.testing.assert_array_equal(actual, case.expected[0])
