"""A bundle's network on this computer, compiled by its own compiler."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.build.compile import BuildError
from tinynas.emit import Bundle
from tinynas.emit.c_text import numbered
from tinynas.errors import MissingToolError, SimulationError

_REMEDY = "apt-get install gcc (or set CC, or python -m pip install ziglang)"
_TIME_LIMIT_S = 300

_DRIVER = """\
/* Runs the network on every input from standard input; outputs go to standard output. */
#include <stdio.h>

#include "{prefix}.h"

static {prefix}_context context;
static _Alignas({upper}_ARENA_ALIGNMENT) unsigned char arena[{upper}_ARENA_BYTES];

/* Whether there was one more input; the network has then run on it. */
static int take({prefix}_status *status)
{{
{take}
}}

static int empty(void)
{{
    return {empty};
}}

int main(void)
{{
    if ({prefix}_init(&context, arena, sizeof arena) != {upper}_OK) {{
        return 2;
    }}
    {prefix}_status status = {upper}_OK;
    while (take(&status)) {{
        if (status != {upper}_OK) {{
            return 3;
        }}
        if (!empty()) {{
            return 4;
        }}
    }}
    return ferror(stdin) || fflush(stdout) ? 4 : 0;
}}
"""


_TAKE_HELD = """\
    if (!({fill})) {{
        return 0;
    }}
    *status = {prefix}_run(&context);
    return 1;"""

_TAKE_ROWS = """\
    static int8_t row[{upper}_INPUT_ROW_BYTES];
    do {{
        if (fread(row, 1, sizeof row, stdin) != sizeof row) {{
            return 0;
        }}
        *status = {prefix}_push_rows(&context, row, 1);
    }} while (*status == {upper}_OK && {prefix}_rows_left(&context) > 0);
    return 1;"""


def _driver(bundle: Bundle) -> str:
    prefix, upper = bundle.name, bundle.name.upper()

    def calls(function: str, role: str, stream: str) -> str:
        roles = numbered(role, len(bundle.description[f"{role}s"]))
        sizes = [(r, f"{upper}_{r.upper()}_BYTES") for r in roles]
        return " && ".join(
            f"{function}({prefix}_{r}(&context), 1, {n}, {stream}) == {n}" for r, n in sizes
        )

    take = (_TAKE_ROWS if bundle.schedule.fed_by_rows else _TAKE_HELD).format(
        prefix=prefix, upper=upper, fill=calls("fread", "input", "stdin")
    )
    return _DRIVER.format(
        prefix=prefix, upper=upper, take=take, empty=calls("fwrite", "output", "stdout")
    )


def host_compiler() -> tuple[str, ...]:
    """The command of a C compiler for this computer: `CC`, else cc, gcc, clang, or Zig's.

    Raises:
        MissingToolError: there is none.
    """
    if os.environ.get("CC"):
        return tuple(shlex.split(os.environ["CC"]))
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path:
            return (path,)
    if find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "cc")
    raise MissingToolError("a C compiler", _REMEDY)


def build_host(bundle: Bundle, folder: Path) -> Path:
    """An executable in `folder`, which exists, from inputs on its standard input to outputs.

    Raises:
        BuildError: the compiler refused.
        MissingToolError: there is no compiler.
    """
    driver, program = folder / "run.c", folder / "run"
    driver.write_text(_driver(bundle))
    sources = sorted(str(path.resolve()) for path in (bundle.path / "src").glob("*.c"))
    include = f"-I{(bundle.path / 'include').resolve()}"
    command = [*host_compiler(), "-std=c11", "-O2", include, *sources, str(driver)]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, "-o", str(program)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"compiling for this computer: {error}", log=str(error)) from error
    if done.returncode:
        log = f"$ {shlex.join(command)}\n{done.stdout}"
        raise BuildError("compiling for this computer failed", log=log)
    return program


def run_host(program: Path, inputs: NDArray[np.generic], output_bytes: int) -> NDArray[np.uint8]:
    """Outputs uint8 [N, `output_bytes`] of a program of `build_host` for inputs [N, ...].

    Raises:
        SimulationError: it failed, or gave fewer or more bytes.
    """
    data = np.ascontiguousarray(inputs).tobytes()
    done = subprocess.run([str(program)], input=data, capture_output=True, check=False)  # noqa: S603
    if done.returncode or len(done.stdout) != len(inputs) * output_bytes:
        raise SimulationError(
            f"the network failed on this computer (exit code {done.returncode}, "
            f"{len(done.stdout)} bytes of {len(inputs) * output_bytes})",
            log=done.stderr.decode(errors="replace"),
        )
    return np.frombuffer(done.stdout, np.uint8).reshape(len(inputs), output_bytes)
