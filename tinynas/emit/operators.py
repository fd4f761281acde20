"""Every op as a C constant: its arrays, its descriptor, and the call that runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from tinynas.cost.layout import Kernel
from tinynas.cost.wide import CLAMPED, SIGNED, row_forms, wide_forms
from tinynas.emit.constants import GENERAL, Words, convolution_words, fully_connected_words
from tinynas.emit.direct import DIRECT, direct_sum, mean_has_short_form
from tinynas.emit.members import CONSTANTS, Members, offset_of
from tinynas.emit.moves import concat, copy, pad, resize_nearest, transpose
from tinynas.emit.pairs import broadcast_add, mul
from tinynas.emit.placement import place_of, scratch_offset, segment_of, window_of
from tinynas.emit.tables import lookup, softmax
from tinynas.graph.arithmetic import (
    AddRequantisation,
    FullyConnectedRequantisation,
    MeanRequantisation,
    PoolClamp,
    Requantisation,
    requantisation,
)
from tinynas.graph.ir import AveragePool2D, Conv2D, DepthwiseConv2D, Graph, MaxPool2D, Op, Window
from tinynas.schedule import Schedule
from tinynas.schedule.kernels import (
    CLAMPED_ALONE,
    EXPANDED,
    PLANES,
    STRIPS,
    THREE,
    WIDE,
    kernel_in,
)


@dataclass(frozen=True)
class Operator:
    """An op of the graph as the generator writes it.

    The member `CONSTANTS` of `members` points to `constants`; None where the op has none.
    """

    index: int
    op: Op
    kernel: Kernel
    descriptor: str
    members: Members
    constants: Words | None

    @property
    def tiled(self) -> bool:
        """Whether the kernel takes a tile."""
        return self.kernel in _TILED


@dataclass(frozen=True)
class _Variant:
    """How ops of one kernel are written: descriptor type (after the prefix), sources, contents."""

    descriptor: str
    sources: tuple[str, ...]
    write: Callable[[Graph, Schedule, int], tuple[Members, Words | None]]


def operator_of(graph: Graph, schedule: Schedule, index: int) -> Operator:
    """Op number `index` as a C constant.

    Raises:
        InvalidInputError: the schedule lacks a buffer that the op needs.
        ValueError: LiteRT's arithmetic does not allow the op's scales.
    """
    op = graph.ops[index]
    kernel = kernel_in(graph, schedule, op)
    variant = _VARIANTS[kernel]
    members, constants = variant.write(graph, schedule, index)
    return Operator(index, op, kernel, variant.descriptor, members, constants)


def sources_of(kernels: set[Kernel]) -> list[str]:
    """The files that these kernels are made of, in alphabetical order.

    Some C files have a twin in assembly, for cores with the DSP extension, and then a header too.
    """
    stems = {source for kernel in kernels for source in _VARIANTS[kernel].sources}
    assembly = stems & set(_ASSEMBLY)
    files = {f"{stem}.c" for stem in stems - _ASSEMBLY_ALONE}
    files |= {f"{stem}.S" for stem in assembly}
    return sorted(files.union(*(_ASSEMBLY[stem] for stem in assembly)))


def _convolution(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    op = graph.ops[index]
    numbers = requantisation(graph, op)
    assert isinstance(op.attributes, (Conv2D, DepthwiseConv2D))  # noqa: S101
    assert isinstance(numbers, Requantisation)  # noqa: S101
    kernel = kernel_in(graph, schedule, op)
    members = {
        **_input_and_output(graph, schedule, index),
        CONSTANTS: "",
        "scratch": scratch_offset(graph, schedule, op),
        **_window(schedule, index, op.attributes.window),
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
    }
    if kernel in WIDE | EXPANDED | CLAMPED_ALONE:
        forms = (row_forms if kernel in PLANES else wide_forms)(graph, op, numbers)
        members |= {"shift": forms.shift, "form": forms.form}
    if kernel in THREE:
        members |= {"form": CLAMPED if numbers.output_zero_point == -128 else SIGNED}
    return members, convolution_words(graph, op, numbers, kernel)


def _fully_connected(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    op = graph.ops[index]
    numbers = requantisation(graph, op)
    assert isinstance(numbers, FullyConnectedRequantisation)  # noqa: S101
    outputs, inputs = graph.tensors[op.inputs[1]].shape
    members = {
        "input": offset_of(schedule, op.inputs[0]),
        "output": offset_of(schedule, op.outputs[0]),
        CONSTANTS: "",
        "positions": graph.tensors[op.outputs[0]].elements // outputs,
        "inputs": inputs,
        "outputs": outputs,
        "output_zero_point": numbers.output_zero_point,
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
    }
    return members, fully_connected_words(graph, op, numbers)


def _add(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    op = graph.ops[index]
    segment = segment_of(schedule, index)
    numbers = requantisation(graph, op)
    assert isinstance(numbers, AddRequantisation)  # noqa: S101
    direct = direct_sum(numbers)
    members = {
        "inputs": [asdict(place_of(graph, schedule, segment, name)) for name in op.inputs],
        "output": asdict(place_of(graph, schedule, segment, op.outputs[0])),
        "multipliers": [factor.mantissa for factor in numbers.inputs],
        "output_multiplier": numbers.output.mantissa,
        "rights": [-1 - factor.shift for factor in numbers.inputs],
        "output_right": -1 - numbers.output.shift,
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
        "window": window_of(segment, index),
    }
    if direct is not None:
        members |= {
            "multipliers": list(direct.multipliers),
            "output_multiplier": direct.offset,
            "output_right": DIRECT,
        }
    return members, None


def _mean(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    numbers = requantisation(graph, graph.ops[index])
    assert isinstance(numbers, MeanRequantisation)  # noqa: S101
    right = -1 - numbers.factor.shift
    short = mean_has_short_form(numbers)
    members = {
        **_input_and_output(graph, schedule, index),
        "multiplier": numbers.factor.mantissa,
        "right": right if short else right - GENERAL,
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
    }
    return members, None


def _pool(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    op = graph.ops[index]
    numbers = requantisation(graph, op)
    assert isinstance(op.attributes, (AveragePool2D, MaxPool2D))  # noqa: S101
    assert isinstance(numbers, PoolClamp)  # noqa: S101
    members = {
        **_input_and_output(graph, schedule, index),
        **_window(schedule, index, op.attributes.window),
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
    }
    return members, None


def _window(schedule: Schedule, index: int, window: Window) -> Members:
    return {
        "window": window_of(segment_of(schedule, index), index),
        "kernel_rows": window.kernel[0],
        "kernel_columns": window.kernel[1],
        "stride_rows": window.stride[0],
        "stride_columns": window.stride[1],
        "padding_top": window.padding[0],
        "padding_left": window.padding[2],
    }


def _input_and_output(graph: Graph, schedule: Schedule, index: int) -> Members:
    op, segment = graph.ops[index], segment_of(schedule, index)
    return {
        "input": asdict(place_of(graph, schedule, segment, op.inputs[0])),
        "output": asdict(place_of(graph, schedule, segment, op.outputs[0])),
    }


_VARIANTS: dict[Kernel, _Variant] = {
    Kernel.CONV: _Variant(
        "conv_op", ("conv", "expand", "gather", "pair", "requantise", "view"), _convolution
    ),
    **{
        kernel: _Variant("conv_op", (kernel.value, *products, "threes", "view"), _convolution)
        for kernels, products in (
            (THREE, ("three",)),
            (WIDE, ("three_wide",)),
            (EXPANDED, ("expand_weights", "three_wide")),
        )
        for kernel in kernels
    },
    Kernel.POINTWISE: _Variant(
        "conv_op", ("expand", "pair", "pointwise", "requantise", "view"), _convolution
    ),
    Kernel.DEPTHWISE: _Variant("conv_op", ("depthwise", "requantise", "view"), _convolution),
    Kernel.DEPTHWISE_3: _Variant("conv_op", ("depthwise_3", "rows_3", "view"), _convolution),
    **{
        kernel: _Variant(
            "conv_op",
            ("bands", kernel.value.replace("depthwise", "bands"), kernel.value, "view"),
            _convolution,
        )
        for kernel in PLANES
        if kernel is not Kernel.DEPTHWISE_3
    },
    Kernel.DEPTHWISE_ROW: _Variant(
        "conv_op", ("depthwise_row", "slide_pairs", "view"), _convolution
    ),
    **{
        kernel: _Variant(
            "conv_op",
            (kernel.value, f"strip_{size}{'_strided' * (stride == 2)}", "strips", "view"),
            _convolution,
        )
        for kernel, (size, stride) in STRIPS.items()
    },
    Kernel.DEPTHWISE_STRIDED: _Variant(
        "conv_op", ("depthwise_strided", "slide_3", "view"), _convolution
    ),
    Kernel.DEPTHWISE_WIDE: _Variant(
        "conv_op", ("depthwise_run", "depthwise_wide", "view"), _convolution
    ),
    Kernel.DEPTHWISE_MULTIPLIER: _Variant(
        "conv_op", ("depthwise_multiplier", "requantise", "view"), _convolution
    ),
    Kernel.FULLY_CONNECTED: _Variant("fully_connected_op", ("fully_connected",), _fully_connected),
    Kernel.ADD: _Variant("add_op", ("add", "view"), _add),
    Kernel.MEAN: _Variant("mean_op", ("mean", "requantise", "sums"), _mean),
    Kernel.AVERAGE_POOL: _Variant("pool_op", ("average_pool", "sums", "taps", "view"), _pool),
    Kernel.MAX_POOL: _Variant("pool_op", ("max_pool", "taps", "view"), _pool),
    Kernel.SOFTMAX: _Variant("softmax_op", ("softmax",), softmax),
    Kernel.LOOKUP: _Variant("lookup_op", ("lookup",), lookup),
    Kernel.MUL: _Variant("broadcast_op", ("mul", "requantise"), mul),
    Kernel.ADD_BROADCAST: _Variant("broadcast_op", ("add_broadcast", "requantise"), broadcast_add),
    Kernel.COPY: _Variant("copy_op", ("bytes", "copy"), copy),
    Kernel.CONCAT: _Variant("concat_op", ("bytes", "concat"), concat),
    Kernel.PAD: _Variant("pad_op", ("bytes", "pad"), pad),
    Kernel.TRANSPOSE: _Variant("transpose_op", ("transpose",), transpose),
    Kernel.RESIZE_NEAREST: _Variant("resize_op", ("bytes", "resize_nearest"), resize_nearest),
}

_ASSEMBLY = {
    "bands_5": ("tinynas_bands.h",),
    "bands_5_strided": ("tinynas_bands.h",),
    "bands_7": ("tinynas_bands.h",),
    "bands_7_strided": ("tinynas_bands.h",),
    "depthwise_run": (),
    "expand": (),
    "gather": (),
    "pair": (),
    "rows_3": (),
    "slide_3": (),
    "slide_pairs": (),
    "strip_5": ("tinynas_strip.h",),
    "strip_5_strided": ("tinynas_strip.h",),
    "strip_7": ("tinynas_strip.h",),
    "strip_7_strided": ("tinynas_strip.h",),
    "three": ("tinynas_three.h",),
    "three_wide": ("tinynas_three.h",),
}
"""Stems of the files that have a twin in assembly, and the headers that it includes."""

_ASSEMBLY_ALONE = {
    "bands_5",
    "bands_5_strided",
    "bands_7",
    "bands_7_strided",
    "depthwise_run",
    "gather",
    "rows_3",
    "slide_3",
    "slide_pairs",
    "strip_5",
    "strip_5_strided",
    "strip_7",
    "strip_7_strided",
}
"""Those of them whose twin is in another file."""

_TILED = frozenset(
    {
        Kernel.CONV,
        Kernel.POINTWISE,
        Kernel.DEPTHWISE,
        *THREE,
        *WIDE,
        *EXPANDED,
        *CLAMPED_ALONE,
        Kernel.DEPTHWISE_MULTIPLIER,
        Kernel.ADD,
        Kernel.AVERAGE_POOL,
        Kernel.MAX_POOL,
    }
)
