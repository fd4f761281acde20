"""Bytes of code and stack of the generated C, as measured for a compiler and a core.

The figures come from `python -m benchmarks.code_sizes`, which compiles the kernels, reads the ELF
and runs the result; nothing here is estimated.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import prod
from typing import Any

from tinynas.cost.forms import needs_general_form
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import DepthwiseConv2D, Graph, Op
from tinynas.schedule.ir import Schedule, Segment, SegmentKind
from tinynas.schedule.kernels import MOST_TAPS, Kernel, kernel_in, kernel_of, padded
from tinynas.schedule.stream import stream_segment

DEFAULT_COMPILER = "arm-none-eabi-gcc"
ROW_BYTES = 2
"""The number of a row."""
TAP_BYTES = 4
"""Where a tap lies."""


@dataclass(frozen=True)
class CodeSizes:
    """What one compiler makes of the kernels for one core (bytes).

    functions: code of every function but the network's own.  kernels: which of them each kernel
    links.  stacks: high-water mark of a network's run whose deepest kernel this is; general_stacks:
    the same where some channel needs the general form of requantisation, if that is deeper.
    network: the network's own functions: `base`, and `layer_call` for every op of a layer segment;
    a patch segment costs `patch`, and `patch_call` for every op; a stream segment `stream`, `stage`
    for every stage and `stream_call` for every op, and `fed` if the input comes row by row.
    static: data of the library and of its context; patch_stack: what the loop over tiles adds;
    stream_stack: what the loop over rows adds beside its stages' next rows.
    """

    compiler: str
    core: str
    functions: dict[str, int]
    kernels: dict[Kernel, tuple[str, ...]]
    stacks: dict[Kernel, int]
    general_stacks: dict[Kernel, int]
    network: dict[str, int]
    static: int
    patch_stack: int
    stream_stack: int

    def code_bytes(self, graph: Graph, schedule: Schedule) -> int:
        """Code of the library: kernels that occur, once each, and the calls of all ops."""
        used = kernels_of(graph, schedule)
        self._check(used)
        linked = {f for kernel in used for f in self.kernels[kernel]}
        linked |= _stream_functions(graph, schedule) & self.functions.keys()
        total = sum(self.functions[f] for f in linked) + self.network["base"]
        for segment in schedule.segments:
            ops = segment.last - segment.first
            match segment.kind:
                case SegmentKind.PATCH:
                    total += self.network["patch"] + self.network["patch_call"] * ops
                case SegmentKind.STREAM:
                    stages = len(stream_segment(graph, segment).stages)
                    total += self.network["stream"] + self.network["stream_call"] * ops
                    total += self.network["stage"] * stages
                    total += self.network["fed"] if segment.fed else 0
                case _:
                    total += self.network["layer_call"] * ops
        return total

    def added_bytes(self, graph: Graph, schedule: Schedule, kernels: Iterable[Kernel]) -> int:
        """Code of these kernels that the schedule's own do not link yet."""
        linked = {f for kernel in kernels_of(graph, schedule) for f in self.kernels[kernel]}
        added = {f for kernel in kernels for f in self.kernels[kernel]} - linked
        return sum(self.functions[f] for f in added)

    def static_bytes(self, graph: Graph, schedule: Schedule) -> int:
        """Data of the library and its context, which remembers how far an image has come in."""
        if not schedule.fed_by_rows:
            return self.static
        stages = len(stream_segment(graph, schedule.segments[0]).stages)
        return self.static + padded(ROW_BYTES * (1 + stages))

    def stack_bytes(self, graph: Graph, schedule: Schedule) -> int:
        """The deepest that the stack gets below the call of the network's run function."""
        self._check(kernels_of(graph, schedule))
        return max(self.stack_by_op(graph, schedule).values(), default=0)

    def stack_by_op(
        self, graph: Graph, schedule: Schedule, names: Collection[str] | None = None
    ) -> dict[str, int]:
        """The same op by op; `names`: of these alone."""
        found = {}
        for segment in schedule.segments:
            loop = self._loop_stack(graph, segment)
            for op in graph.ops[segment.first : segment.last]:
                if names is None or op.name in names:
                    depth = self._stack(graph, op, kernel_in(graph, schedule, op))
                    found[op.name] = loop + depth
        return found

    def _loop_stack(self, graph: Graph, segment: Segment) -> int:
        """What a segment's loop adds to the stack of its kernels."""
        match segment.kind:
            case SegmentKind.PATCH:
                return self.patch_stack
            case SegmentKind.STREAM:
                stages = 0 if segment.fed else len(stream_segment(graph, segment).stages)
                return self.stream_stack + padded(ROW_BYTES * stages)
            case _:
                return 0

    def _stack(self, graph: Graph, op: Op, kernel: Kernel) -> int:
        if kernel in self.general_stacks and needs_general_form(graph, op, kernel):
            return self.general_stacks[kernel]
        if kernel is Kernel.DEPTHWISE_WIDE:  # keeps its taps there, and was measured with the most
            assert isinstance(op.attributes, DepthwiseConv2D)  # noqa: S101
            missing = MOST_TAPS - prod(op.attributes.window.kernel)
            return self.stacks[kernel] - TAP_BYTES * missing
        return self.stacks[kernel]

    def _check(self, kernels: set[Kernel]) -> None:
        unknown = sorted(kernels - set(self.kernels))
        if unknown:
            raise InvalidInputError(
                f"no code sizes are known for {', '.join(unknown)} with {self.compiler} on "
                f"{self.core}; `python -m benchmarks.code_sizes` measures them",
                field="graph",
                given=[kernel.value for kernel in unknown],
                allowed=[kernel.value for kernel in self.kernels],
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "functions": dict(sorted(self.functions.items())),
            "kernels": {k.value: list(f) for k, f in self.kernels.items()},
            "stacks": {k.value: s for k, s in self.stacks.items()},
            "general_stacks": {k.value: s for k, s in self.general_stacks.items()},
            "network": self.network,
            "static": self.static,
            "patch_stack": self.patch_stack,
            "stream_stack": self.stream_stack,
        }


def _stream_functions(graph: Graph, schedule: Schedule) -> set[str]:
    """What stream segments link beside the kernels."""
    if all(segment.kind is not SegmentKind.STREAM for segment in schedule.segments):
        return set()
    if not schedule.fed_by_rows:
        return stream_functions(fed=False)
    ring = stream_segment(graph, schedule.segments[0]).held[graph.inputs[0]].rows
    return stream_functions(fed=True, ring=ring)


def stream_functions(*, fed: bool, ring: int = 3) -> set[str]:
    """What streams link, an image fed by rows, into a ring of so many, or held.

    A row's place in the ring is a remainder, for which a core without division links a routine,
    unless it takes a mask.
    """
    functions = {"begin_stream", "next_stage"}
    if fed:
        functions.add("copy_bytes")
    if fed and ring & (ring - 1):
        functions |= {"__aeabi_uidiv", "__aeabi_uidivmod"}
    return functions


def kernels_of(graph: Graph, schedule: Schedule | None = None) -> set[Kernel]:
    """The kernels that run a graph: in a schedule, or in the least flash."""
    if schedule is None:
        return {kernel_of(graph, op) for op in graph.ops}
    return {kernel_in(graph, schedule, op) for op in graph.ops}


def code_sizes(core: str, compiler: str = DEFAULT_COMPILER) -> CodeSizes:
    """The measured sizes for a core, e.g. `cortex-m4`.

    Raises:
        InvalidInputError: nothing has been measured for this compiler or core.
    """
    known = _measured()
    if (compiler, core) not in known:
        raise InvalidInputError(
            f"no code sizes are known for {core} with {compiler}; "
            "`python -m benchmarks.code_sizes` measures them",
            field="device",
            given=f"{core} with {compiler}",
            allowed=[f"{c} with {name}" for name, c in known],
        )
    return known[compiler, core]


@cache
def _measured() -> dict[tuple[str, str], CodeSizes]:
    raw = json.loads((files("tinynas.cost") / "code_sizes.json").read_text())
    return {
        (compiler, core): _parse(compiler, core, value)
        for compiler, entry in raw.items()
        for core, value in entry["cores"].items()
    }


def _parse(compiler: str, core: str, value: dict[str, Any]) -> CodeSizes:
    return CodeSizes(
        compiler,
        core,
        value["functions"],
        {Kernel(k): tuple(f) for k, f in value["kernels"].items()},
        {Kernel(k): s for k, s in value["stacks"].items()},
        {Kernel(k): s for k, s in value["general_stacks"].items()},
        value["network"],
        value["static"],
        value["patch_stack"],
        value["stream_stack"],
    )
