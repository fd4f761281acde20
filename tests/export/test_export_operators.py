"""Each further operator of the graph against LiteRT's reference kernels: every byte."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.litert import run_litert
from tinynas.export import tflite_bytes
from tinynas.graph.ir import (
    Activation,
    Add,
    Attributes,
    AveragePool2D,
    Concat,
    Graph,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mul,
    Op,
    Pad,
    Quantisation,
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Tensor,
    Transpose,
    Window,
    output_size,
    same_padding,
)
from tinynas.graph.reference import run

CASES = 200
ALL_BYTES = np.arange(-128, 128, dtype=np.int8)


def quantisation(rng: np.random.Generator, low: float = -8, high: float = 0) -> Quantisation:
    """A random zero point, and a scale between 2**low and 2**high: a power of two at times."""
    exponent = rng.integers(low, high + 1) if rng.random() < 0.2 else rng.uniform(low, high)
    return Quantisation((float(np.float32(2.0**exponent)),), int(rng.integers(-128, 128)))


def random_bytes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Bytes of all values, or of few: equal ones are where ties and sums go wrong."""
    spread = int(rng.choice([1, 4, 128]))
    centre = int(rng.integers(-128 + spread, 129 - spread))
    return rng.integers(centre - spread, centre + spread, shape).astype(np.int8)


def check(
    attributes: Attributes,
    inputs: list[tuple[np.ndarray, Quantisation | None]],
    out: tuple[tuple[int, ...], Quantisation | None],
    constants: tuple[int, ...] = (),
) -> None:
    """One op over inputs [N, ...] (a constant: [1, ...]) in NumPy and in LiteRT."""
    names = [f"x{i}" for i in range(len(inputs))]
    tensors = {"y": Tensor("y", out[0], quantisation=out[1])}
    for i, (data, scale) in enumerate(inputs):
        shape = data.shape if i in constants else (1, *data.shape[1:])
        kept = data if i in constants else None
        tensors[names[i]] = Tensor(
            names[i], shape, quantisation=scale, constant=kept is not None, data=kept
        )
    op = Op("op", attributes, tuple(names), ("y",))
    live = tuple(n for i, n in enumerate(names) if i not in constants)
    graph = Graph("one", tensors, (op,), live, ("y",))
    feeds = {names[i]: data for i, (data, _) in enumerate(inputs) if i not in constants}
    expected = run_litert(tflite_bytes(graph), feeds, ["y"])["y"]
    got = run(graph, feeds)["y"]
    np.testing.assert_array_equal(got, expected, err_msg=f"{op} {[q for _, q in inputs]} {out}")


def rngs(seed: int) -> Iterator[np.random.Generator]:
    for case in range(CASES):
        yield np.random.default_rng([seed, case])


@pytest.mark.parametrize(
    "attributes", [Relu(Activation.RELU), Relu(Activation.RELU6), Quantize(), Tanh(), Logistic()]
)
def test_functions_of_one_byte_agree_on_every_byte(attributes: Attributes) -> None:
    for rng in rngs(1):
        x_scale, y_scale = quantisation(rng), quantisation(rng)
        if isinstance(attributes, Logistic):
            y_scale = Quantisation((1 / 256,), y_scale.zero_point)
        check(attributes, [(ALL_BYTES[None], x_scale)], ((1, 256), y_scale))


def test_hard_swish_agrees_on_every_byte() -> None:
    for rng in rngs(2):
        x_scale = quantisation(rng, -10, 0)
        # LiteRT refuses an output more than 128 times finer than the input.
        low = np.log2(x_scale.scale[0]) - 6
        y_scale = quantisation(rng, low, low + 12)
        check(HardSwish(), [(ALL_BYTES[None], x_scale)], ((1, 256), y_scale))


def test_softmax_agrees() -> None:
    for rng in rngs(3):
        depth = int(rng.integers(1, 300 if rng.random() < 0.1 else 20))
        shape = (1, depth) if rng.random() < 0.5 else (1, *rng.integers(1, 5, 2), depth)
        x = random_bytes(rng, (40, *(int(n) for n in shape[1:])))
        beta = float(rng.choice([1.0, 0.5, 2.0, np.float32(0.1)]))
        y_scale = Quantisation((1 / 256,), -128)
        check(Softmax(beta), [(x, quantisation(rng, -10, 1))], (x[:1].shape, y_scale))


def test_mul_agrees_on_every_pair_of_bytes() -> None:
    pairs = np.stack(np.meshgrid(ALL_BYTES, ALL_BYTES)).reshape(2, 1, 256, 256)
    for i, rng in enumerate(rngs(4)):
        scales = [quantisation(rng), quantisation(rng)]
        middle = np.log2(scales[0].scale[0] * scales[1].scale[0]) + rng.uniform(3, 8)
        attributes = Mul(list(Activation)[i % 3])
        inputs = list(zip(pairs, scales, strict=True))
        check(attributes, inputs, ((1, 256, 256), quantisation(rng, middle - 1, middle + 1)))


@pytest.mark.parametrize("kind", [Add, Mul])
def test_broadcast_and_constants_agree(kind: type[Add] | type[Mul]) -> None:
    """Squeeze and excite multiplies [1, 1, 1, C] in; hard sigmoids add and multiply constants."""
    for rng in rngs(5):
        rows, columns, channels = (int(n) for n in rng.integers(1, 7, 3))
        whole = (1, rows, columns, channels)
        other = [whole, (1, 1, 1, channels), (1, 1, 1, 1), (1, channels), (1, 1, columns, channels)]
        small = other[int(rng.integers(5))]
        constant = bool(rng.random() < 0.5)
        if constant and rng.random() < 0.5:
            small = [(), (1,), (channels,), (columns, channels)][int(rng.integers(4))]
        x0 = random_bytes(rng, (3, *whole[1:]))
        x1 = random_bytes(rng, small if constant else (3, *small[1:]))
        inputs = [(x0, quantisation(rng, -5, -2)), (x1, quantisation(rng, -5, -2))]
        constants = (1,) if constant else ()
        if rng.random() < 0.5:
            inputs, constants = inputs[::-1], ((0,) if constant else ())
        low = -5 if kind is Add else -6
        check(kind(), inputs, (whole, quantisation(rng, low, -2)), constants)


def window_of(rng: np.random.Generator, size: tuple[int, int]) -> Window:
    kernel = (int(rng.integers(1, 8)), int(rng.integers(1, 8)))
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    if rng.random() < 0.2:
        kernel = size
    if rng.random() < 0.5 and kernel[0] <= size[0] and kernel[1] <= size[1]:
        return Window(kernel, stride)
    return Window(kernel, stride, same_padding(size, kernel, stride))


@pytest.mark.parametrize("kind", [AveragePool2D, MaxPool2D])
def test_pools_agree(kind: type[AveragePool2D] | type[MaxPool2D]) -> None:
    for i, rng in enumerate(rngs(6)):
        size = (int(rng.integers(1, 14)), int(rng.integers(1, 14)))
        window = window_of(rng, size)
        x = random_bytes(rng, (3, *size, int(rng.integers(1, 9))))
        scale = quantisation(rng, -6, -2)
        out = (1, *output_size(size, window), x.shape[-1])
        check(kind(window, list(Activation)[i % 3]), [(x, scale)], (out, scale))


def test_a_maximum_over_explicit_padding_agrees() -> None:
    for rng in rngs(7):
        size = (int(rng.integers(3, 9)), int(rng.integers(3, 9)))
        padding = tuple(int(n) for n in rng.integers(0, 3, 4))
        window = Window((3, 3), (1, 2), (padding[0], padding[1], padding[2], padding[3]))
        x, scale = random_bytes(rng, (2, *size, 3)), quantisation(rng)
        check(MaxPool2D(window), [(x, scale)], ((1, *output_size(size, window), 3), scale))


def test_concatenation_agrees() -> None:
    for rng in rngs(8):
        rank = int(rng.integers(2, 5))
        axis = int(rng.integers(1, rank))
        shape = [int(n) for n in rng.integers(1, 6, rank)]
        scale = quantisation(rng)
        inputs = []
        for _ in range(int(rng.integers(2, 5))):
            shape[axis] = int(rng.integers(1, 6))
            inputs.append((random_bytes(rng, (2, *shape[1:])), scale))
        constants = ()
        if rng.random() < 0.3:
            inputs[-1] = (inputs[-1][0][:1], scale)
            constants = (len(inputs) - 1,)
        out = list(inputs[0][0].shape)
        out[0], out[axis] = 1, sum(x.shape[axis] for x, _ in inputs)
        check(Concat(axis), inputs, (tuple(out), scale), constants)


def test_pads_agree() -> None:
    for rng in rngs(9):
        x = random_bytes(rng, (2, *(int(n) for n in rng.integers(1, 6, 3))))
        amounts = rng.integers(0, 4, (3, 2))
        padding = ((0, 0), *((int(a), int(b)) for a, b in amounts))
        value = int(rng.integers(-128, 128)) if rng.random() < 0.5 else None
        out = (1, *(n + sum(p) for n, p in zip(x.shape[1:], padding[1:], strict=True)))
        scale = quantisation(rng)
        check(Pad(padding, value), [(x, scale)], (out, scale))


def test_reshapes_and_transposes_agree() -> None:
    for rng in rngs(10):
        rank = int(rng.integers(2, 5))
        x, scale = random_bytes(rng, (2, *(int(n) for n in rng.integers(1, 6, rank)))), None
        scale = quantisation(rng)
        permutation = (0, *(int(n) for n in 1 + rng.permutation(rank)))
        turned = tuple(x[:1].shape[i] for i in permutation)
        check(Transpose(permutation), [(x, scale)], (turned, scale))
        flat = (1, int(np.prod(x.shape[1:])))
        check(Reshape(), [(x, scale)], (flat, scale))


def test_nearest_resizing_agrees() -> None:
    for i, rng in enumerate(rngs(11)):
        x = random_bytes(rng, (2, *(int(n) for n in rng.integers(1, 40, 2)), 2))
        attributes = [ResizeNearest(), ResizeNearest(True), ResizeNearest(False, True)][i % 3]
        out = (1, *(int(n) for n in rng.integers(1, 90, 2)), 2)
        scale = quantisation(rng)
        check(attributes, [(x, scale)], (out, scale))
