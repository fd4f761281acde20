"""Declarative search spaces, and the networks that are their points."""

from tinynas.spaces.drawn import Drawing, DrawnNetwork
from tinynas.spaces.files import (
    definition_of,
    find_space,
    load_space,
    parse_space,
    space_names,
)
from tinynas.spaces.model import Architecture, BlockKind, SearchSpace, Subspace
from tinynas.spaces.network import BlockShape, ConvShape, NetworkShape, network_of
from tinynas.spaces.receptive import ReceptiveField, receptive_fields
from tinynas.spaces.skeleton import Shape, skeleton

__all__ = [
    "Architecture",
    "BlockKind",
    "BlockShape",
    "ConvShape",
    "Drawing",
    "DrawnNetwork",
    "NetworkShape",
    "ReceptiveField",
    "SearchSpace",
    "Shape",
    "Subspace",
    "definition_of",
    "find_space",
    "load_space",
    "network_of",
    "parse_space",
    "receptive_fields",
    "skeleton",
    "space_names",
]
