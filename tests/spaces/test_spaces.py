"""The contract that every search space passes."""

import json

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.spaces import (
    Architecture,
    Subspace,
    load_space,
    network_of,
    parse_space,
    skeleton,
    space_names,
)

SPACES = [load_space(name) for name in space_names()]
TINY = load_space("tiny")


def space_text() -> str:
    from tinynas.paths import service_root

    return (service_root() / "search_spaces" / "tiny.yaml").read_text()


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
class TestContract:
    def test_rows_and_json_go_both_ways(self, space) -> None:
        rows = space.sample(50, np.random.default_rng(0))
        for architecture in Architecture.of_rows(space, rows):
            written = json.loads(json.dumps(architecture.to_json()))
            assert Architecture.from_json(space, written) == architecture
            assert Architecture.from_json(space, {"stages": written["stages"]}) == architecture

    def test_canonical_rows_are_stable_and_mean_the_same_network(self, space) -> None:
        rng = np.random.default_rng(1)
        raw = np.stack([rng.integers(0, len(g.choices), 200) for g in space.genes], axis=1)
        rows = space.canonical(raw)
        assert (space.canonical(rows) == rows).all()
        assert (rows != raw).any()

    def test_networks_grow_from_the_smallest_to_the_largest(self, space) -> None:
        subspace = Subspace(space, space.width_multipliers[-1], space.resolutions[0])
        macs = [
            skeleton(network_of(subspace, a, classes=10, input_channels=3)).macs
            for a in (space.smallest, space.largest)
        ]
        sampled = Architecture.of_rows(space, space.sample(20, np.random.default_rng(2)))
        for architecture in sampled:
            graph = skeleton(network_of(subspace, architecture, classes=10, input_channels=3))
            assert macs[0] <= graph.macs <= macs[1]

    def test_every_subspace_makes_a_graph(self, space) -> None:
        for subspace in space.subspaces():
            network = network_of(subspace, space.largest, classes=2, input_channels=1)
            graph = skeleton(network)
            assert graph.tensors["input"].shape == (1, subspace.resolution, subspace.resolution, 1)
            assert graph.tensors["logits"].shape == (1, 2)


def test_mcunet_counts_what_the_paper_counts() -> None:
    """W 0.5, R 144, 100 classes: the published space has networks of up to about 97 M MACs."""
    space = load_space("MCUNET")
    network = network_of(Subspace(space, 0.5, 144), space.largest, classes=100, input_channels=3)
    assert 90e6 < skeleton(network).macs < 100e6


def test_unknown_space_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="mcunet, tiny") as caught:
        load_space("huge")
    assert caught.value.field == "space"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("kernels: [3, 5, 7]", "kernels: [3, 4]", "stages[0].kernels"),
        ("depths: [1, 2, 3]", "depths: []", "depths"),
        ("depths: [1, 2, 3]", "depths: [0]", "depths"),
        ("resolutions: [16, 24, 32, 40, 48, 64]", "resolutions: [16, 16]", "resolutions"),
        ("activation: relu6", "activation: gelu", "activation"),
        ("channel_divisor: 4", "divisor: 4", "space"),
        ("stem: {channels: 16, kernel: 3, stride: 2}", "stem: {channels: 16}", "stem"),
        ("name: tiny", "name: [", "space"),
    ],
)
def test_a_wrong_file_says_where(old: str, new: str, field: str) -> None:
    text = space_text().replace(old, new)
    assert text != space_text()
    with pytest.raises(InvalidInputError) as caught:
        parse_space(text, source="mine.yaml")
    assert "mine.yaml" in caught.value.message
    assert caught.value.field == field


def test_rows_that_mean_nothing_are_refused() -> None:
    row = TINY.smallest.row
    for bad in (row[:-1], (9, *row[1:]), (*row[:-1], 1)):
        with pytest.raises(InvalidInputError):
            Architecture(TINY, bad)


def test_choices_that_are_not_there_are_named() -> None:
    stages = TINY.smallest.to_json()["stages"]
    stages[1][0]["kernel"] = 9
    with pytest.raises(
        InvalidInputError, match=r"stage1\.block0\.kernel is 9, allowed is \[3, 5, 7\]"
    ):
        Architecture.from_json(TINY, {"stages": stages})
