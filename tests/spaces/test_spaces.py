"""The contract that every search space passes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.spaces import (
    Architecture,
    Subspace,
    definition_of,
    find_space,
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
    with pytest.raises(InvalidInputError, match="mcunet, mcunetv2, tiny") as caught:
        load_space("huge")
    assert caught.value.field == "space"


@pytest.mark.parametrize(
    ("old", "new", "field", "line"),
    [
        ("kernels: [3, 5, 7]", "kernels: [3, 4]", "stages[0].kernels[1]", 11),
        ("kernels: [3, 5, 7]", "kernels: 3", "stages[0].kernels", 11),
        ("kernels: [3, 5, 7]", "kernels: [3, 1000001]", "stages[0].kernels[1]", 11),
        ("depths: [1, 2, 3]", "depths: []", "stages[0].depths", 11),
        ("depths: [1, 2, 3]", "depths: [0]", "stages[0].depths[0]", 11),
        ("depths: [1, 2, 3]", "depths: [1.5]", "stages[0].depths[0]", 11),
        ("depths: [1, 2, 3]", "depths: [.nan]", "stages[0].depths[0]", 11),
        ("depths: [1, 2, 3]", "depths: [.inf]", "stages[0].depths[0]", 11),
        ("depths: [1, 2, 3]", "depths: [yes]", "stages[0].depths[0]", 11),
        ("depths: [1, 2, 3]", "layers: [1]", "stages[0]", 11),
        ("channels: 24, ", "", "stages[0]", 11),
        ("channels: 24, ", "channels: 24, channels: 32, ", "stages[0].channels", 11),
        ("channels: 24, ", "channels: !!binary x, ", "stages[0].channels", 11),
        ("resolutions: [16, 24, 32, 40, 48, 64]", "resolutions: [16, 16]", "resolutions", 4),
        ("resolutions: [16, 24, 32, 40, 48, 64]", "resolutions: [15]", "resolutions[0]", 4),
        ("width_multipliers: [0.25", "width_multipliers: [-1", "width_multipliers[0]", 5),
        ("activation: relu6", "activation: gelu", "activation", 7),
        ("activation: relu6", "activation: relu6\nblock: round", "block", 8),
        ("channel_divisor: 4", "divisor: 4", "space", 6),
        ("stem: {channels: 16, kernel: 3, stride: 2}", "stem: {channels: 16}", "stem", 8),
        ("stem: {channels: 16, kernel: 3, stride: 2}", "stem: 16", "stem", 8),
        ("name: tiny", "name: [", "space", 4),
        ("name: tiny", "name: []", "name", 2),
    ],
)
def test_a_wrong_file_says_where(old: str, new: str, field: str, line: int) -> None:
    text = space_text().replace(old, new, 1)
    assert text != space_text()
    with pytest.raises(InvalidInputError) as caught:
        parse_space(text, source="mine.yaml")
    assert caught.value.message.startswith(f"mine.yaml, line {line}")
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "[]", "7", "\x00", "&a [*a]", "? {}\n: 1"])
def test_what_is_no_space_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"mine\.yaml"):
        parse_space(text, source="mine.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load_space(str(file))


def test_an_image_smaller_than_the_strides_allow_is_refused() -> None:
    assert TINY.reduction == 16
    Subspace(TINY, 1.0, 16)
    with pytest.raises(InvalidInputError, match="reduce them 16 times") as caught:
        Subspace(TINY, 1.0, 15)
    assert caught.value.field == "resolution"


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


@pytest.mark.parametrize("name", space_names())
def test_a_space_is_found_by_its_definition(name: str) -> None:
    own = replace(load_space(name), name="mine")
    assert find_space("mine", definition_of(own)) == own
    assert find_space("mine", definition_of(own.with_resolutions((16, 32)))) == own
    assert find_space(name, definition_of(load_space(name))) == load_space(name)
