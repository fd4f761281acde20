"""Once-for-all weights: the supernet, its training, and the subnets taken from it."""

from tinynas.supernet.folded import FoldedNetwork
from tinynas.supernet.layers import normalise
from tinynas.supernet.subnet import Subnet

__all__ = ["FoldedNetwork", "Subnet", "normalise"]
