"""The families by name, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.baselines import classic, inverted, shuffled
from benchmarks.baselines.mcunet import MCUNETS, mcunet
from tinynas.spaces import DrawnNetwork


@dataclass(frozen=True)
class Family:
    """`draw(width, resolution, input_channels, classes)`, and the widths that it is tried with.

    `source` is the paper or the repository that publishes the network.
    """

    name: str
    draw: Callable[[float, int, int, int], DrawnNetwork]
    widths: tuple[float, ...]
    source: str


_WIDTHS = tuple(round(0.05 * i, 2) for i in range(1, 61))
_FIXED = (1.0,)


def families() -> dict[str, Family]:
    """All baselines."""
    found = (
        Family("mobilenet-v1", classic.mobilenet_v1, _WIDTHS, "arXiv:1704.04861"),
        Family("mobilenet-v2", inverted.mobilenet_v2, _WIDTHS, "arXiv:1801.04381"),
        Family("proxyless", inverted.proxyless_mobile, _WIDTHS, "arXiv:1812.00332, mobile"),
        Family("mnasnet-b1", inverted.mnasnet_b1, _WIDTHS, "arXiv:1807.11626"),
        Family("efficientnet-lite", inverted.efficientnet_lite0, _WIDTHS, "arXiv:1905.11946, lite"),
        Family("squeezenet", classic.squeezenet, _WIDTHS, "arXiv:1602.07360, 1.1"),
        Family("shufflenet-v2", shuffled.shufflenet_v2, _WIDTHS, "arXiv:1807.11164"),
        *(Family(n, mcunet(n), _WIDTHS, "arXiv:2007.10319") for n in MCUNETS),
        Family("mlperf-resnet8", classic.resnet8, _WIDTHS, "arXiv:2106.07597"),
        Family(
            "mlperf-mobilenet-v1-0.25", classic.mobilenet_v1_quarter, _FIXED, "arXiv:2106.07597"
        ),
    )
    return {family.name: family for family in found}
