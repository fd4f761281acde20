"""Shared by the rooms: a bundle small enough to be written by hand, in the emitted layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tinynas.build import firmware_files
from tinynas.devices import load_device
from tinynas.paths import share_cores
from worker.cluster import set_environment

share_cores()  # before any test imports torch
set_environment(local=True)  # before any test imports Ray

HEADER = """\
#ifndef TINY_H
#define TINY_H
#include <stddef.h>
#include <stdint.h>
#define TINY_ARENA_BYTES 256
#define TINY_INPUT_BYTES 64
#define TINY_OUTPUT_BYTES 8
typedef enum { TINY_OK = 0, TINY_BAD_ARENA = 1 } tiny_status;
typedef struct { uint8_t *arena; } tiny_context;
tiny_status tiny_init(tiny_context *ctx, void *arena, size_t bytes);
int8_t *tiny_input(tiny_context *ctx);
const int8_t *tiny_output(const tiny_context *ctx);
tiny_status tiny_run(tiny_context *ctx);
extern const int8_t tiny_weights[8][64];
#endif
"""

SOURCE = """\
#include "tiny.h"
#ifndef TINYNAS_MARK
#define TINYNAS_MARK(op) ((void)0)
#endif
void *memcpy(void *to, const void *from, size_t count);

tiny_status tiny_init(tiny_context *ctx, void *arena, size_t bytes) {
  ctx->arena = arena;
  return bytes < TINY_ARENA_BYTES ? TINY_BAD_ARENA : TINY_OK;
}
int8_t *tiny_input(tiny_context *ctx) { return (int8_t *)ctx->arena; }
const int8_t *tiny_output(const tiny_context *ctx) { return (const int8_t *)ctx->arena + 128; }

static int32_t dot(const int8_t *a, const int8_t *b) {
  int32_t sum = 0;
  for (int i = 0; i < 64; ++i) sum += a[i] * b[i];
  return sum;
}

tiny_status tiny_run(tiny_context *ctx) {
  TINYNAS_MARK(0);
  for (int o = 0; o < 8; ++o) {
    ctx->arena[64 + o] = (uint8_t)(dot(tiny_input(ctx), tiny_weights[o]) >> 8);
  }
  TINYNAS_MARK(1);
  memcpy(ctx->arena + 128, ctx->arena + 64, TINY_OUTPUT_BYTES);
  /*SABOTAGE*/
  return TINY_OK;
}
"""


def c_rows(array: NDArray[Any]) -> str:
    return ",\n".join("{" + ", ".join(map(str, row)) + "}" for row in array.tolist())


def tiny_outputs(inputs: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """What the C above computes: inputs [N, 64], weights [8, 64] to outputs [N, 8]."""
    sums = inputs.astype(np.int32) @ weights.astype(np.int32).T
    return (sums >> 8).astype(np.int8)


@pytest.fixture
def tiny_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle for `device`; `sabotage` is C that goes into its run function."""

    def write(device: str = "stm32f411xe", *, sabotage: str = "", vectors: int = 16) -> Path:
        rng = np.random.default_rng(7)
        weights = rng.integers(-128, 128, (8, 64), dtype=np.int8)
        inputs = rng.integers(-128, 128, (vectors, 64), dtype=np.int8)
        outputs = tiny_outputs(inputs, weights)
        part = load_device(device)
        firmware = firmware_files(
            part,
            name="tiny",
            vector_bytes=inputs.nbytes + outputs.nbytes,
            library_flash_bytes=2048,
        )
        files = {
            "include/tiny.h": HEADER,
            "src/tiny.c": SOURCE.replace("/*SABOTAGE*/", sabotage),
            "src/tiny_weights.c": '#include "tiny.h"\n'
            f"const int8_t tiny_weights[8][64] = {{\n{c_rows(weights)}\n}};\n",
            "test/vectors.h": '#include "tiny.h"\n'
            f"#define TINY_VECTORS {vectors}\n"
            "extern const int8_t tiny_vector_inputs[TINY_VECTORS][TINY_INPUT_BYTES];\n"
            "extern const int8_t tiny_vector_outputs[TINY_VECTORS][TINY_OUTPUT_BYTES];\n",
            "test/vectors.c": '#include "vectors.h"\n'
            "const int8_t tiny_vector_inputs[TINY_VECTORS][TINY_INPUT_BYTES] = {\n"
            f"{c_rows(inputs)}\n}};\n"
            "const int8_t tiny_vector_outputs[TINY_VECTORS][TINY_OUTPUT_BYTES] = {\n"
            f"{c_rows(outputs)}\n}};\n",
            "bundle.json": json.dumps(
                {
                    "name": "tiny",
                    "device": part.name,
                    "arena_bytes": 256,
                    "predicted": {"sram_bytes": 300, "flash_bytes": 2048},
                }
            ),
        } | {f"firmware/{name}": text for name, text in firmware.items()}
        for name, text in files.items():
            path = tmp_path / "bundle" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        np.savez(tmp_path / "bundle" / "test" / "vectors.npz", inputs=inputs, outputs=outputs)
        return tmp_path / "bundle"

    return write
