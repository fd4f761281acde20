"""Many generated networks in one host executable, so that hundreds can be compared in a minute.

Kernels are compiled once.  Each case is one translation unit made of its generated files, its
functions and operators renamed; a driver runs every case on its inputs in a heap block of exactly
the arena's size, under the address and undefined-behaviour sanitisers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.emit.c_text import numbered
from tinynas.emit.sources import HEADERS, Facts, kernel_text, library_files
from tinynas.graph.ir import Graph
from tinynas.graph.rows import row_bytes, run_rows
from tinynas.schedule import Schedule

WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
SANITISERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FACTS = Facts("network", "stm32f746xg", "cortex-m7", "0.1.0", 1, 1, 1, 1)

_INCLUDE = re.compile(r'#include "network(_operators)?\.h"\n')
_OWN_NAMES = re.compile(r"\bnetwork_(init|run|push_rows|rows_left|(?:in|out)put\d*|op\d+_\w*)\b")

_CASE = """
#include <stdio.h>
#include "batch.h"
static int start(void *context, void *arena) {{
    return (int)c{n}_init(context, arena, NETWORK_ARENA_BYTES);
}}
{entry}
static int out(void *context, FILE *file) {{ return {empty}; }}
const batch_case case_{n} = {{NETWORK_ARENA_BYTES, start, go, in, out}};
"""
_HELD = """
static int go(void *context) {{ return (int)c{n}_run(context); }}
static int in(void *context, FILE *file) {{ return {fill}; }}
"""
_FED = """
static int go(void *context) {{ return c{n}_rows_left(context) != 0; }}
static int in(void *context, FILE *file) {{
    int8_t row[NETWORK_INPUT_ROW_BYTES] = {{0}};
    if (c{n}_push_rows(context, row, NETWORK_INPUT_ROWS + 1) != NETWORK_TOO_MANY_ROWS) return 0;
    for (uint32_t n = 0; n < NETWORK_INPUT_ROWS; ++n) {{
        if (n > 0 && c{n}_rows_left(context) != NETWORK_INPUT_ROWS - n) return 0;
        if (fread(row, 1, sizeof row, file) != sizeof row) return 0;
        if (c{n}_push_rows(context, row, 1) != NETWORK_OK) return 0;
    }}
    return 1;
}}
"""
_HEADER = """
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>
typedef struct {
    size_t arena;
    int (*start)(void *, void *);
    int (*go)(void *);
    int (*in)(void *, FILE *);
    int (*out)(void *, FILE *);
} batch_case;
"""
_DRIVER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "batch.h"
{declarations}
static const batch_case *const cases[] = {{ {names} }};
int main(int argc, char **argv) {{
    FILE *const from = fopen(argv[1], "rb");
    FILE *const to = fopen(argv[2], "wb");
    if (argc != 3 || from == NULL || to == NULL) return 2;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {{
        const batch_case *const c = cases[i];
        void *context[64];
        void *const arena = malloc(c->arena);
        memset(arena, 0xa5, c->arena);
        if (arena == NULL || c->start(context, arena) != 0) return 3;
        for (int run = 0; run < {count}; ++run) {{
            if (!c->in(context, from)) return 4;
            if (c->go(context) != 0) return 5;
            if (!c->out(context, to)) return 6;
        }}
        free(arena);
    }}
    fclose(from);
    return fclose(to);
}}
"""


@dataclass(frozen=True)
class Case:
    """A graph, how it is executed, and what it is run on.

    `inputs` are int8 rows (`tinynas.graph.rows`), or [N, ...] of one input; all cases of a batch
    have the same N.
    """

    graph: Graph
    schedule: Schedule
    inputs: NDArray[np.int8]

    @property
    def expected(self) -> NDArray[np.int8]:
        """What the integer reference gives, rows [N, bytes]."""
        return run_rows(self.graph, self.inputs)


def case_of(graph: Graph, schedule: Schedule, seed: int, count: int = 3) -> Case:
    """`graph` on `count` random inputs."""
    rng = np.random.default_rng(seed)
    shape: tuple[int, ...] = (count, row_bytes(graph, graph.inputs))
    if len(graph.inputs) == 1:
        shape = (count, *graph.tensors[graph.inputs[0]].shape[1:])
    return Case(graph, schedule, rng.integers(-128, 128, shape, dtype=np.int8))


def truncated(graph: Graph, ops: int) -> Graph:
    """The first `ops` ops as a network of their own, so that an inner tensor can be compared."""
    kept = graph.ops[:ops]
    used = {n for op in kept for n in (*op.inputs, *op.outputs)} | set(graph.inputs)
    tensors = {n: t for n, t in graph.tensors.items() if n in used}
    return replace(graph, tensors=tensors, ops=kept, outputs=kept[-1].outputs)


def with_all_outputs(graph: Graph) -> Graph:
    """The graph with whatever any op writes among its outputs, so that all of it is compared."""
    every = tuple(op.outputs[0] for op in graph.ops)
    return replace(graph, outputs=every, signature=None)


def run_cases(
    cases: list[Case], folder: Path, flags: Sequence[str] = SANITISERS
) -> list[NDArray[np.int8]]:
    """What the generated C gives for every case, rows [N, bytes] each."""
    kernels: dict[str, str] = {}
    for n, case in enumerate(cases):
        texts = library_files(case.graph, case.schedule, FACTS)
        own = ("include/network.h", "src/network_operators.h", "src/network_operators.c")
        parts = [texts.pop(name) for name in (*own, "src/network.c")]
        unit = '#include "network_kernels.h"\n' + _INCLUDE.sub("", "\n".join(parts))
        calls = {
            "fill": _calls("fread", n, "input", len(case.graph.inputs)),
            "empty": _calls("fwrite", n, "output", len(case.graph.outputs)),
        }
        template = _FED if case.schedule.fed_by_rows else _HELD
        entry = template.format(n=n, **calls)
        unit = _OWN_NAMES.sub(rf"c{n}_\1", unit) + _CASE.format(n=n, entry=entry, **calls)
        (folder / f"case_{n}.c").write_text(unit)
        kernels |= {Path(name).name: text for name, text in texts.items()}
    for name, text in kernels.items():
        (folder / name).write_text(text)
    (folder / "batch.h").write_text(f"#ifndef BATCH_H\n#define BATCH_H\n{_HEADER}#endif\n")
    names = [f"case_{n}" for n in range(len(cases))]
    declarations = "".join(f"extern const batch_case {name};\n" for name in names)
    pointers = ", ".join(f"&{name}" for name in names)
    driver = _DRIVER.format(declarations=declarations, names=pointers, count=len(cases[0].inputs))
    (folder / "driver.c").write_text(driver)
    _compile(folder, flags)
    return _execute(cases, folder)


def _calls(function: str, case: int, role: str, count: int) -> str:
    """C that moves all of a case's inputs (outputs) from (to) a file."""
    return " && ".join(
        f"{function}(c{case}_{r}(context), 1, NETWORK_{r.upper()}_BYTES, file) "
        f"== NETWORK_{r.upper()}_BYTES"
        for r in numbered(role, count)
    )


def kernel_texts(sources: list[str]) -> dict[str, str]:
    """The named kernels and their headers as a bundle of prefix `network` has them."""
    headers = [header.replace("tinynas", "network") for header in HEADERS]
    names = [*headers, *(s for s in sources if s.endswith(".c"))]
    return {name: kernel_text(name.replace("network", "tinynas"), "network") for name in names}


def compile_program(folder: Path, texts: dict[str, str]) -> Path:
    """A sanitised executable of C files and headers in `folder`."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    sources = [name for name in texts if name.endswith(".c")]
    done = _cc(folder, SANITISERS, *sources, "-o", "program")
    assert done.returncode == 0, done.stderr
    return folder / "program"


def _compile(folder: Path, flags: Sequence[str]) -> None:
    sources = sorted(path.name for path in folder.glob("*.c"))
    halves = [sources[0::2], sources[1::2]]
    with ThreadPoolExecutor(len(halves)) as pool:
        for result in pool.map(lambda s: _cc(folder, flags, "-c", *s), halves):
            assert result.returncode == 0, result.stderr
    objects = [str(Path(source).with_suffix(".o")) for source in sources]
    linked = _cc(folder, flags, *objects, "-o", "batch")
    assert linked.returncode == 0, linked.stderr


def _cc(folder: Path, flags: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["cc", *WARNINGS, "-O1", *flags, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _execute(cases: list[Case], folder: Path) -> list[NDArray[np.int8]]:
    (folder / "inputs").write_bytes(b"".join(case.inputs.tobytes() for case in cases))
    done = subprocess.run(
        ["./batch", "inputs", "outputs"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    data = np.fromfile(folder / "outputs", dtype=np.int8)
    sizes = [len(c.inputs) * row_bytes(c.graph, c.graph.outputs) for c in cases]
    parts = np.split(data, np.cumsum(sizes)[:-1])
    return [part.reshape(len(case.inputs), -1) for part, case in zip(parts, cases, strict=True)]
