"""Sliding windows as a file says them."""

from __future__ import annotations

from tinynas.graph.ir import Tensor, Window, output_size, same_padding
from tinynas.importer.place import Place
from tinynas.tflite import PaddingCode


def window_of(place: Place, table: str, x: Tensor, kernel: tuple[int, int]) -> Window:
    """The window of `kernel` over x [1, H, W, C] with the operator's stride and padding."""
    if len(x.shape) != 4:
        raise place.refuse(f"its input has shape {list(x.shape)}, which is not NHWC")
    stride = (place.option(table, "stride_h"), place.option(table, "stride_w"))
    if min(*stride, *kernel) < 1:
        raise place.refuse(f"its stride is {stride}, its kernel {kernel}; 1 is the least")
    size = (x.shape[1], x.shape[2])
    match place.option(table, "padding"):
        case PaddingCode.SAME:
            return Window(kernel, stride, same_padding(size, kernel, stride))
        case PaddingCode.VALID:
            return Window(kernel, stride)
        case other:
            raise place.refuse(f"its padding is {other}; allowed are SAME and VALID")


def check_dilation(place: Place, table: str, kernel: tuple[int, int]) -> None:
    """Complain of a dilation that spreads the kernel."""
    dilation = (place.option(table, "dilation_h"), place.option(table, "dilation_w"))
    if any(d != 1 and k > 1 for d, k in zip(dilation, kernel, strict=True)):
        place.complain(f"its dilation is {dilation[0]}x{dilation[1]}; allowed is 1x1")


def spread(x: Tensor, window: Window, channels: int) -> tuple[int, ...]:
    """The shape of a window operator's output."""
    return (1, *output_size((x.shape[1], x.shape[2]), window), channels)
