"""Damaged and hostile files: a clear error or a sound graph, never a crash, never much memory."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from model_files import ModelFile

from tinynas.errors import InvalidInputError
from tinynas.export import tflite_bytes
from tinynas.graph.ir import Graph
from tinynas.graph.random_operators import random_operators
from tinynas.importer import read_tflite
from tinynas.tflite import BuiltinCode, Record

MUTATIONS = 3000
EXTREMES = [0, 1, -1, -(1 << 31), (1 << 31) - 1, 0xFFFF, 1 << 20, -4, 4]


@cache
def sound_models() -> tuple[bytes, ...]:
    """Small models of all operators, and one with float edges and a computed shape."""
    models = [tflite_bytes(random_operators(np.random.default_rng(seed))) for seed in range(12)]
    m = ModelFile()
    x = m.input((1, 6, 6, 3), "float32", shape_signature=[-1, 6, 6, 3])
    q = m.op(BuiltinCode.QUANTIZE, [x], m.tensor((1, 6, 6, 3)), Record("QuantizeOptions"))
    y = m.conv(q)
    shape = m.op(BuiltinCode.SHAPE, [y], m.tensor((4,), "int32", scale=None), version=1)
    z = m.op(BuiltinCode.RESHAPE, [y, shape], m.tensor((1, 4, 4, 4)), version=1)
    m.outputs = [m.op(BuiltinCode.DEQUANTIZE, [z], m.tensor((1, 4, 4, 4), "float32"))]
    return (*models, m.data())


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four of: flipped bits, a cut, random bytes, an extreme number, a moved stretch."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(changed)))
        # Structure lies around the constants; numbers and offsets are at multiples of four.
        at4 = at // 4 * 4
        match int(rng.integers(6)):
            case 0:
                changed[at] ^= 1 << int(rng.integers(8))
            case 1 if rng.random() < 0.3:
                del changed[max(at, 8) :]
            case 2:
                changed[at4 : at4 + 4] = rng.bytes(4)
            case 3 | 4:
                value = EXTREMES[int(rng.integers(len(EXTREMES)))]
                changed[at4 : at4 + 4] = struct.pack("<q", value)[:4]
            case _:
                start = int(rng.integers(len(changed)))
                piece = changed[start : start + 16]
                changed[at : at + len(piece)] = piece
    return bytes(changed)


def outcome(data: bytes) -> Graph | None:
    """The graph, or None after the one error that may come; anything else fails the test."""
    try:
        graph = read_tflite(data)
    except InvalidInputError as error:
        if error.field != "model" or len(str(error)) > 20_000:
            raise AssertionError(f"an error that helps nobody: {error}") from error
        return None
    assert graph.ops
    assert all(min(t.shape, default=1) > 0 for t in graph.tensors.values())
    assert all(t.data is not None for t in graph.tensors.values() if t.constant)
    return graph


def test_mutations_give_an_error_or_a_graph() -> None:
    models = sound_models()
    graphs = 0
    started = time.monotonic()
    for case in range(MUTATIONS):
        rng = np.random.default_rng(case)
        graphs += outcome(mutated(models[case % len(models)], rng)) is not None
    assert 0.05 < graphs / MUTATIONS < 0.95, "mutations are to damage some models and not all"
    assert time.monotonic() - started < 60


def test_every_number_of_the_structure_made_extreme() -> None:
    data = sound_models()[-1]
    outcomes = set()
    for at in range(0, len(data) - 3, 4):
        for value in EXTREMES:
            damaged = data[:at] + struct.pack("<q", value)[:4] + data[at + 4 :]
            outcomes.add(outcome(damaged) is None)
    assert outcomes == {True, False}


def test_every_truncation() -> None:
    data = sound_models()[-1]
    assert all(outcome(data[:size]) is None for size in range(0, len(data) - 64, 3))


def peak_bytes(data: bytes) -> int:
    tracemalloc.start()
    try:
        outcome(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_mutations_take_little_memory() -> None:
    models = sound_models()
    for case in range(300):
        data = mutated(models[case % len(models)], np.random.default_rng([1, case]))
        assert peak_bytes(data) < 16 * len(data) + (1 << 20)


def plain() -> ModelFile:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 3)))]
    return m


def repeated_operators() -> bytes:
    """Two hundred thousand operators, all the same table."""
    m = plain()
    data = bytearray(m.data())
    count = 200_000
    # A new vector of offsets at the end, each pointing at the one operator.
    at = _vector_field(data, "operators")
    first = struct.unpack_from("<I", data, at)[0] + at
    operator = first + 4 + struct.unpack_from("<I", data, first + 4)[0]
    vector = len(data)
    data += struct.pack("<I", count)
    # Offsets are unsigned, so each entry can only point ahead: copy the operator behind them.
    copy = vector + 4 + 4 * count
    for i in range(count):
        data += struct.pack("<I", copy + 4 - (vector + 4 + 4 * i))
    data += struct.pack("<I", 0)
    table = struct.unpack_from("<i", data, operator)[0]
    data += struct.pack("<i", copy + 4 - (operator - table)) + data[operator + 4 : operator + 64]
    struct.pack_into("<I", data, at, vector - at)
    return bytes(data)


def _vector_field(data: bytearray, field: str) -> int:
    """Where the subgraph keeps the offset of one of its vectors."""
    slots = {"tensors": 0, "inputs": 1, "outputs": 2, "operators": 3}
    root = struct.unpack_from("<I", data, 0)[0]
    subgraphs = root + _field(data, root, 2)
    subgraphs += struct.unpack_from("<I", data, subgraphs)[0]
    subgraph = subgraphs + 4 + struct.unpack_from("<I", data, subgraphs + 4)[0]
    return subgraph + _field(data, subgraph, slots[field])


def _field(data: bytearray, table: int, slot: int) -> int:
    layout = table - struct.unpack_from("<i", data, table)[0]
    return int(struct.unpack_from("<H", data, layout + 4 + 2 * slot)[0])


def with_tensor(index: int, **fields: object) -> bytes:
    m = plain()
    m.tensors[index].update(fields)
    return m.data()


def with_operator(**fields: object) -> bytes:
    m = plain()
    m.operators[0].update(fields)
    return m.data()


def long_name() -> bytes:
    return with_tensor(0, name="x" * 1_000_000)


def huge_vector() -> bytes:
    data = bytearray(plain().data())
    at = _vector_field(data, "tensors")
    struct.pack_into("<I", data, at + struct.unpack_from("<I", data, at)[0], 0x3FFFFFFF)
    return bytes(data)


def table_in_a_circle() -> bytes:
    """The subgraph's vector of operators is the subgraph's own vector of tensors."""
    data = bytearray(plain().data())
    operators, tensors = _vector_field(data, "operators"), _vector_field(data, "tensors")
    target = tensors + struct.unpack_from("<I", data, tensors)[0]
    struct.pack_into("<I", data, operators, (target - operators) & 0xFFFFFFFF)
    return bytes(data)


def written_in_a_circle() -> bytes:
    m = plain()
    first, second = m.tensor((1, 4, 4, 4)), m.tensor((1, 4, 4, 4))
    m.op(BuiltinCode.RELU, [second], first)
    m.op(BuiltinCode.RELU, [first], second)
    return m.data()


HOSTILE: list[tuple[Callable[[], bytes], str]] = [
    (lambda: b"", "0 bytes"),
    (lambda: b"\0\0\0\0TFL3", "sound"),
    (lambda: b"\xff\xff\xff\xffTFL3" + bytes(64), "refers to bytes"),
    (huge_vector, "more than|refers to bytes"),
    (repeated_operators, "200000 operators, more than 10000"),
    (table_in_a_circle, "sound|cannot be compiled"),
    (written_in_a_circle, "before anything writes it"),
    (lambda: with_tensor(0, shape=(1, 0, 6, 3)), r"shape \[1, 0, 6, 3\]"),
    (lambda: with_tensor(0, shape=(1, -6, 6, 3)), r"shape \[1, -6, 6, 3\]"),
    (lambda: with_tensor(0, shape=(1, 1 << 30, 1 << 30, 1 << 30)), "elements up to"),
    (lambda: with_tensor(0, shape=(1,) * 100), "100 dimensions"),
    (lambda: with_tensor(1, shape=(4, 3, 3, 4)), "has 108 bytes for shape"),
    (lambda: with_tensor(1, buffer=99), "buffer 99"),
    (lambda: with_tensor(1, external_buffer=1), "outside the flatbuffer"),
    (lambda: with_tensor(0, type=77), "type 77"),
    (
        lambda: with_tensor(0, quantization=Record("Quantization", {"scale": [float("nan")]})),
        "no positive number",
    ),
    (
        lambda: with_tensor(
            0, quantization=Record("Quantization", {"scale": [1.0], "zero_point": [1, 2]})
        ),
        "1 scales and 2 zero points",
    ),
    (lambda: with_operator(inputs=[0, 1, 77]), "tensor 77 of 4"),
    (lambda: with_operator(inputs=[0, 1, -2]), "tensor -2 of 4"),
    (lambda: with_operator(outputs=[0]), "which has a value"),
    (lambda: with_operator(outputs=[3, 3]), "which has a value"),
    (lambda: with_operator(opcode_index=9), "operator code 9"),
    (lambda: with_operator(inputs=[3, 1, 2]), "before anything writes it"),
]


@pytest.mark.parametrize(("make", "message"), HOSTILE)
def test_hostile_files_are_named(make: Callable[[], bytes], message: str) -> None:
    data = make()
    with pytest.raises(InvalidInputError, match=message):
        read_tflite(data)
    assert peak_bytes(data) < 8 * len(data) + (1 << 18)


def test_a_long_name_is_cut() -> None:
    data = long_name()
    graph = outcome(data)
    assert graph is not None
    assert max(map(len, graph.tensors)) < 300
    assert peak_bytes(data) < len(data)


def test_large_weights_are_not_copied_again_and_again() -> None:
    m = ModelFile()
    x = m.input((1, 1000))
    weights = np.random.default_rng(0).integers(-127, 128, (1000, 1000))
    w = m.tensor(weights.shape, scale=0.01, data=weights)
    for _ in range(20):
        y = m.tensor((1, 1000), scale=0.5)
        x = m.op(BuiltinCode.FULLY_CONNECTED, [x, w], y, Record("FullyConnectedOptions"))
    m.outputs = [x]
    data = m.data()
    assert peak_bytes(data) < 10 * len(data)


def test_constants_that_are_moved_about_run_out() -> None:
    m = plain()
    w = m.tensor((100, 100), data=3)
    for _ in range(300):
        out = m.tensor((100, 100))
        w = m.op(BuiltinCode.TRANSPOSE, [w, m.sizes([1, 0])], out, Record("TransposeOptions"))
    with pytest.raises(InvalidInputError, match="only move constants about"):
        read_tflite(m.data())
