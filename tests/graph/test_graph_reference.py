from __future__ import annotations

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import Requantisation, quantize_multiplier
from tinynas.graph.ir import Graph, Tensor
from tinynas.graph.random import random_graph
from tinynas.graph.reference import run
from tinynas.graph.reference.executor import _chunk_size
from tinynas.graph.reference.requantise import Requantiser
from tinynas.spaces import load_space, network_of, skeleton
from tinynas.spaces.model import Subspace


def inputs_of(graph: Graph, count: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        name: rng.integers(-128, 128, (count, *graph.tensors[name].shape[1:]), dtype=np.int8)
        for name in graph.inputs
    }


@pytest.mark.parametrize("seed", range(12))
def test_inputs_do_not_influence_one_another(seed: int) -> None:
    graph = random_graph(np.random.default_rng(seed))
    inputs = inputs_of(graph, 5)
    together = run(graph, inputs)
    for i in range(5):
        alone = run(graph, {name: x[i : i + 1] for name, x in inputs.items()})
        for name in graph.outputs:
            np.testing.assert_array_equal(together[name][i : i + 1], alone[name])


def test_more_inputs_than_a_chunk() -> None:
    graph = random_graph(np.random.default_rng(2))
    count = 2 * _chunk_size(graph) + 3
    inputs = inputs_of(graph, count)
    output = run(graph, inputs)[graph.outputs[0]]
    assert len(output) == count
    last = run(graph, {"input": inputs["input"][-1:]})[graph.outputs[0]]
    np.testing.assert_array_equal(output[-1:], last)


def test_no_inputs_give_empty_outputs() -> None:
    graph = random_graph(np.random.default_rng(0))
    output = run(graph, inputs_of(graph, 0))[graph.outputs[0]]
    assert output.shape == (0, *graph.tensors[graph.outputs[0]].shape[1:])
    assert output.dtype == np.int8


def test_keep_returns_every_intermediate_tensor() -> None:
    graph = random_graph(np.random.default_rng(5))
    names = [op.outputs[0] for op in graph.ops]
    kept = run(graph, inputs_of(graph, 3), keep=names)
    assert set(kept) == set(names) | set(graph.outputs)
    for name in names:
        assert kept[name].shape == (3, *graph.tensors[name].shape[1:])


def test_keep_of_an_unknown_tensor_is_refused() -> None:
    graph = random_graph(np.random.default_rng(5))
    with pytest.raises(InvalidInputError, match="no tensor 'nonsense'"):
        run(graph, inputs_of(graph, 1), keep=["nonsense"])


@pytest.mark.parametrize("wrong", ["name", "shape", "dtype"])
def test_wrong_inputs_are_refused_with_what_is_expected(wrong: str) -> None:
    graph = random_graph(np.random.default_rng(1))
    x = inputs_of(graph, 2)["input"]
    inputs = {
        "name": {"image": x},
        "shape": {"input": x[:, :, :, :0]},
        "dtype": {"input": x.astype(np.uint8)},
    }[wrong]
    with pytest.raises(InvalidInputError, match="input"):
        run(graph, inputs)


def test_a_skeleton_cannot_run() -> None:
    space = load_space("tiny")
    network = network_of(Subspace(space, 1.0, 16), space.smallest, classes=4, input_channels=1)
    graph = skeleton(network)
    with pytest.raises(ValueError, match="stem"):
        run(graph, inputs_of(graph, 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fast_requantisation_equals_the_integer_formula(dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(7)
    reach = 1 << 24 if dtype == np.float32 else 1 << 30
    for trial in range(40):
        channels = int(rng.integers(1, 20))
        reals = 2.0 ** rng.uniform(-14, -4, channels)
        if trial % 4 == 0:
            reals = 2.0 ** rng.integers(-14, -4, channels)  # many exact ties
        factors = [quantize_multiplier(float(r)) for r in reals]
        constants = Requantisation(
            input_zero_point=0,
            output_zero_point=int(rng.integers(-128, 128)),
            minimum=-128,
            maximum=127,
            multipliers=np.array([f.mantissa for f in factors], dtype=np.int32),
            shifts=np.array([f.shift for f in factors], dtype=np.int32),
        )
        spread = np.minimum(160 / reals, reach - 1).astype(np.int64)
        accumulators = rng.integers(-spread, spread + 1, (5000, channels))
        accumulators[::100] = rng.integers(-reach + 1, reach, accumulators[::100].shape)
        fast = Requantiser(constants)(accumulators.astype(dtype))
        np.testing.assert_array_equal(fast, constants.apply(accumulators))


def test_random_graphs_are_reproducible_and_do_not_saturate() -> None:
    shares = []
    for seed in range(30):
        graph = random_graph(np.random.default_rng(seed))
        again = random_graph(np.random.default_rng(seed))
        assert graph == again
        assert all(_same_data(graph.tensors[n], again.tensors[n]) for n in graph.tensors)
        names = [op.outputs[0] for op in graph.ops]
        kept = run(graph, inputs_of(graph, 4), keep=names)
        shares += [np.isin(kept[n], (-128, 127)).mean() for n in names]
    assert np.median(shares) < 0.3
    kinds = {op.kind for s in range(30) for op in random_graph(np.random.default_rng(s)).ops}
    assert kinds == {"Conv2D", "DepthwiseConv2D", "FullyConnected", "Add", "Mean"}


def _same_data(a: Tensor, b: Tensor) -> bool:
    if a.data is None or b.data is None:
        return a.data is b.data
    return np.array_equal(a.data, b.data)
