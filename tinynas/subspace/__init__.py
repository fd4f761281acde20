"""Stage 1: which width multiplier and resolution to search under a budget."""

from tinynas.subspace.choose import ACCOUNTINGS, choose_subspace, smallest_networks
from tinynas.subspace.feasible import SmallestNetworks
from tinynas.subspace.plot import plot_subspaces
from tinynas.subspace.rules import DEFAULT_RULE, RULES
from tinynas.subspace.table import SubspaceRow, SubspaceTable

__all__ = [
    "ACCOUNTINGS",
    "DEFAULT_RULE",
    "RULES",
    "SmallestNetworks",
    "SubspaceRow",
    "SubspaceTable",
    "choose_subspace",
    "plot_subspaces",
    "smallest_networks",
]
