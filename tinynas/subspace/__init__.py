"""Stage 1: which width multiplier and resolution to search under a budget."""

from tinynas.subspace.choose import ACCOUNTINGS, choose_subspace
from tinynas.subspace.plot import plot_subspaces
from tinynas.subspace.rules import DEFAULT_RULE, RULES
from tinynas.subspace.table import SubspaceRow, SubspaceTable

__all__ = [
    "ACCOUNTINGS",
    "DEFAULT_RULE",
    "RULES",
    "SubspaceRow",
    "SubspaceTable",
    "choose_subspace",
    "plot_subspaces",
]
