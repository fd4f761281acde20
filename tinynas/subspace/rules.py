"""Rules that turn the MACs of sampled networks into one score a subspace; the largest is chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError

Rule = Callable[[NDArray[np.int64], NDArray[np.bool_]], NDArray[np.float64]]
"""From MACs and fit of N networks in S subspaces [S, N] to scores [S]; 0 where nothing fits."""


def mean_of_all(macs: NDArray[np.int64], fits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`sum(MACs of those that fit) / N`: the mean over all samples, misfits counted as 0.

    A subspace is good if its networks do much work *and* fit: where only a handful fit there is
    little to search in.
    """
    scores: NDArray[np.float64] = np.where(fits, macs, 0).mean(axis=1)
    return scores


def mean_of_fitting(macs: NDArray[np.int64], fits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`sum(MACs of those that fit) / number that fit`: the published rule, to the letter.

    (Lin et al. 2020, section 3.1.)  It favours the largest resolution at which a few networks still
    fit, and reproduces none of the published choices.
    """
    total = np.where(fits, macs, 0).sum(axis=1)
    scores: NDArray[np.float64] = total / np.maximum(fits.sum(axis=1), 1)
    return scores


DEFAULT_RULE = "mean-of-all"
RULES: dict[str, Rule] = {DEFAULT_RULE: mean_of_all, "published": mean_of_fitting}


def find_rule(name: str) -> Rule:
    """The rule of that name.

    Raises:
        InvalidInputError: there is none.
    """
    if name not in RULES:
        raise InvalidInputError(
            f"unknown rule {name!r}; allowed are {', '.join(RULES)}",
            field="rule",
            given=name,
            allowed=list(RULES),
        )
    return RULES[name]
