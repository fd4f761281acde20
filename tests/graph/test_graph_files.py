from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.graph.files import load_graph, save_graph
from tinynas.graph.random import random_graph
from tinynas.graph.reference import run
from tinynas.spaces import load_space, network_of, skeleton
from tinynas.spaces.model import Subspace


@pytest.mark.parametrize("seed", range(8))
def test_what_is_saved_comes_back(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    save_graph(graph, tmp_path / "g.npz")
    loaded = load_graph(tmp_path / "g.npz")
    assert loaded == graph
    x = rng.integers(-128, 128, (3, *graph.tensors["input"].shape[1:]), dtype=np.int8)
    name = graph.outputs[0]
    np.testing.assert_array_equal(run(loaded, {"input": x})[name], run(graph, {"input": x})[name])


def test_a_skeleton_can_be_saved(tmp_path: Path) -> None:
    space = load_space("tiny")
    network = network_of(Subspace(space, 1.0, 16), space.smallest, classes=4, input_channels=1)
    save_graph(skeleton(network), tmp_path / "g.npz")
    assert load_graph(tmp_path / "g.npz") == skeleton(network)


def test_equal_graphs_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_graph(random_graph(np.random.default_rng(3)), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 truncated"])
def test_other_files_are_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "g.npz"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="not a graph file"):
        load_graph(path)


def test_another_archive_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "g.npz", x=np.zeros(3))
    with pytest.raises(InvalidInputError, match="not a graph file"):
        load_graph(tmp_path / "g.npz")


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "g.npz", **{"graph.json": objects})
    with pytest.raises(InvalidInputError, match="not a graph file"):
        load_graph(tmp_path / "g.npz")


def test_data_of_another_shape_are_refused(tmp_path: Path) -> None:
    graph = random_graph(np.random.default_rng(3))
    save_graph(graph, tmp_path / "g.npz")
    with np.load(tmp_path / "g.npz") as archive:
        arrays = {n: archive[n] for n in archive.files}
    victim = next(n for n in arrays if n.endswith(".weight"))
    arrays[victim] = arrays[victim][..., :0]
    np.savez(tmp_path / "g.npz", **arrays)
    with pytest.raises(InvalidInputError, match="not a graph file"):
        load_graph(tmp_path / "g.npz")
