"""Which kernel variant runs each op: the flash left over, spent where it saves most time.

Planner and search count with the kernels of the least flash.  What then is left of the budget buys
int16 weights and faster code: a knapsack over the ops, solved exactly up to units of 64 bytes,
within branch and bound over the kernels whose code is brought along.  What it minimises are the
estimated cycles of the device (`tinynas.cost.latency`): int16 weights save instructions, but are
twice as much to read.  Where no timings of a core are known, instructions are what it minimises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from tinynas.cost.code import DEFAULT_COMPILER, CodeSizes, code_sizes
from tinynas.cost.forms import has_paired_form
from tinynas.cost.instructions import models
from tinynas.cost.latency import Parts, op_effort, parts_of
from tinynas.cost.layout import constant_bytes
from tinynas.cost.memory import memory_cost
from tinynas.cost.wide import CLAMPED, MIXED, row_forms, slide_exponents, wide_forms
from tinynas.devices import Budget, Device
from tinynas.graph.arithmetic import Requantisation, requantisation
from tinynas.graph.ir import Conv2D, DepthwiseConv2D, Graph, Op
from tinynas.schedule import Schedule, SegmentKind
from tinynas.schedule.kernels import (
    BASE,
    EXPANDED,
    MOST_ROWS,
    MOST_TAPS,
    PLANES,
    SHORT_ALONE,
    SLIDES,
    STRIPS,
    THREE,
    WIDE,
    Kernel,
    kernel_of,
)
from tinynas.schedule.scratch import with_scratch

_UNIT = 64
_ARENA_SHARE = 16
"""What part of the arena that was planned it may grow by, so that weights can be expanded."""


@dataclass(frozen=True)
class Offer:
    """A variant for one op: what it takes in flash beyond the op's own kernel, and the estimated
    cycles that it saves."""

    op: str
    kernel: Kernel
    flash_bytes: int
    cycles: int


def with_variants(
    graph: Graph,
    schedule: Schedule,
    budget: Budget,
    device: Device,
    compiler: str = DEFAULT_COMPILER,
    parts: Mapping[str, Parts] | None = None,
) -> Schedule:
    """`schedule` with the variants that save most of the device's cycles within the budget.

    `parts`: the calls of every op that count; None: those of the schedule.
    A graph without weights, and a budget that leaves nothing, keep the kernels of the least flash.
    """
    if any(t.constant and t.data is None for t in graph.tensors.values()):
        return schedule
    best, saved = schedule, 0
    sizes = code_sizes(device.core, compiler)
    offers = [
        offer
        for offer in offers_of(graph, schedule, device, parts)
        if offer.cycles > 0 and offer.kernel in sizes.kernels
    ]
    left = budget.flash_bytes - memory_cost(graph, schedule, device.core, compiler).flash_bytes

    def added(kernels: frozenset[Kernel]) -> int:
        return sizes.added_bytes(graph, schedule, kernels)

    for together in _fitting(graph, schedule, offers, sizes, budget.sram_bytes):
        chosen = most_for_flash(together, left, added)
        if _worth(chosen) > saved:
            chosen = _within_sram(graph, schedule, chosen, sizes, budget.sram_bytes)
        if _worth(chosen) > saved:
            best, saved = _applied(graph, schedule, chosen), _worth(chosen)
    return best


def most_for_flash(
    offers: Sequence[Offer], flash_bytes: int, added: Callable[[frozenset[Kernel]], int]
) -> list[Offer]:
    """The offers, one an op at most, that save most in `flash_bytes`; `added`: what the code of
    kernels takes of them.

    Branch and bound over kernels that come along and kernels that do not: without the latter no
    choice is worth more than the knapsack's with the code of the former alone counted.
    """
    best: list[Offer] = []
    waiting = [(frozenset[Kernel](), frozenset[Kernel]())]
    while waiting:
        taken, banned = waiting.pop()
        some = [offer for offer in offers if offer.kernel not in banned]
        found = knapsack(some, flash_bytes - added(taken))
        if _worth(found) <= _worth(best):
            continue
        saved = {o.kernel: 0 for o in found if o.kernel not in taken}
        if not saved:
            best = found
            continue
        for offer in found:
            if offer.kernel in saved:
                saved[offer.kernel] += offer.cycles
        kernel = max(sorted(saved), key=saved.__getitem__)
        waiting += [(taken, banned | {kernel}), (taken | {kernel}, banned)]
    return best


def _worth(chosen: Iterable[Offer]) -> int:
    return sum(offer.cycles for offer in chosen)


def _fitting(
    graph: Graph, schedule: Schedule, offers: Sequence[Offer], sizes: CodeSizes, sram_bytes: int
) -> Iterator[list[Offer]]:
    """Offers that fit the SRAM together, if each has the arena that it would have alone: those of
    kernels that need no more than a certain stack, for every stack that there is."""
    depths = sizes.stack_by_op(graph, _applied(graph, schedule, []))
    needs = []
    for offer in offers:
        alone = _applied(graph, schedule, [offer])
        mine = sizes.stack_by_op(graph, alone, {offer.op})  # as deep as before with all other ops
        needs.append((offer, alone.arena_bytes, max((depths | mine).values())))
    rest = sram_bytes - sizes.static_bytes(graph, schedule)
    for most in sorted({stack for _, _, stack in needs}, reverse=True):
        yield [o for o, arena, stack in needs if stack <= most and arena + most <= rest]


def _within_sram(
    graph: Graph, schedule: Schedule, chosen: list[Offer], sizes: CodeSizes, sram_bytes: int
) -> list[Offer]:
    """Of offers that fit one by one those that fit together, what saves most first."""
    if _sram_bytes(graph, _applied(graph, schedule, chosen), sizes) <= sram_bytes:
        return chosen
    kept: list[Offer] = []
    for offer in sorted(chosen, key=lambda o: -o.cycles):
        if _sram_bytes(graph, _applied(graph, schedule, [*kept, offer]), sizes) <= sram_bytes:
            kept.append(offer)
    return [offer for offer in chosen if offer in kept]


def _sram_bytes(graph: Graph, schedule: Schedule, sizes: CodeSizes) -> int:
    """What `memory_cost` says of SRAM."""
    static = sizes.static_bytes(graph, schedule)
    return schedule.arena_bytes + static + sizes.stack_bytes(graph, schedule)


def offers_of(
    graph: Graph,
    schedule: Schedule,
    device: Device,
    parts: Mapping[str, Parts] | None = None,
) -> Iterator[Offer]:
    """Every variant that could run an op where the schedule has its buffers, called in `parts`.

    Weights are expanded into memory that lies idle then, and little more: a few percent of the time
    are not worth what the rest of a firmware could use.
    """
    parts = parts_of(graph, schedule) if parts is None else parts
    for op in graph.ops:
        base = kernel_of(graph, op)
        for kernel in (k for k, of in BASE.items() if of is base):
            known = {base, kernel} <= models(device.core).keys()
            if not known or not runs(graph, schedule, op, kernel):
                continue
            extra = constant_bytes(graph, op, kernel).total - constant_bytes(graph, op).total
            calls = parts.get(op.name)
            slow, fast = (op_effort(graph, op, device, k, calls) for k in (base, kernel))
            offer = Offer(op.name, kernel, extra, round(slow - fast))
            if kernel not in EXPANDED or _stays_small(graph, schedule, offer):
                yield offer


def runs(graph: Graph, schedule: Schedule, op: Op, kernel: Kernel) -> bool:
    """Whether a variant computes an op exactly, with its buffers where the schedule has them."""
    if kernel not in SHORT_ALONE:
        return True
    numbers = requantisation(graph, op)
    assert isinstance(numbers, Requantisation)  # noqa: S101
    assert isinstance(op.attributes, (Conv2D, DepthwiseConv2D))  # noqa: S101
    window, channels = op.attributes.window, graph.tensors[op.outputs[0]].shape[-1]
    if channels % 4:
        return False
    if kernel in THREE | WIDE | EXPANDED:
        # Pixels of 1 x 1 kernels are taken in the order of the input's, of which there are as many.
        padded = window.kernel == (1, 1) and any(window.padding)
        if padded or window.kernel[0] > MOST_ROWS:
            return False
        if kernel in THREE:
            return has_paired_form(graph, op, numbers)
        return wide_forms(graph, op, numbers).form != MIXED
    match kernel:
        case slide if slide in SLIDES:
            exact = bool((slide_exponents(graph, op, numbers) >= 0).all())
            size, stride = SLIDES[slide]
            shaped = (window.kernel, window.stride) == ((size, size), (stride, stride))
            shaped = shaped and (slide in STRIPS or max(window.padding) <= 1)
            return exact and shaped and _apart(schedule, op, channels)
        case Kernel.DEPTHWISE_WIDE:
            taps = prod(window.kernel)
            shaped = taps % 2 == 1 and 1 < taps <= MOST_TAPS
        case _:
            # Streams compute a few columns at a time: too few to take rows apart for.
            size, stride = PLANES[kernel]
            shaped = window.kernel == (size, size) and window.stride == (stride, stride)
            shaped = shaped and not _streamed(schedule, graph.ops.index(op))
            shaped = shaped and _apart(schedule, op, channels)
    forms = row_forms if kernel in PLANES else wide_forms
    return shaped and forms(graph, op, numbers).form == CLAMPED


def _stays_small(graph: Graph, schedule: Schedule, offer: Offer) -> bool:
    most = schedule.arena_bytes + schedule.arena_bytes // _ARENA_SHARE
    return _applied(graph, schedule, [offer]).arena_bytes <= most


def _apart(schedule: Schedule, op: Op, channels: int) -> bool:
    """Whether input and output touch nowhere, or lie a whole number of pixels apart."""
    source, out = (schedule.buffer_of(name) for name in (op.inputs[0], op.outputs[0]))
    apart = source.end <= out.offset or out.end <= source.offset
    return apart or (source.offset - out.offset) % channels == 0


def _streamed(schedule: Schedule, index: int) -> bool:
    return any(
        s.kind is SegmentKind.STREAM and s.first <= index < s.last for s in schedule.segments
    )


def _applied(graph: Graph, schedule: Schedule, offers: Iterable[Offer]) -> Schedule:
    variants = tuple((offer.op, offer.kernel.value) for offer in offers)
    return with_scratch(graph, replace(schedule, variants=variants))


def knapsack(offers: Sequence[Offer], flash_bytes: int) -> list[Offer]:
    """The offers, one an op at most, that save most in `flash_bytes`; each is rounded up to 64."""
    by_op: dict[str, list[Offer]] = {}
    for offer in offers:
        by_op.setdefault(offer.op, []).append(offer)
    # More than the largest choices together take is worth nothing, and costs memory here.
    useful = sum(max(-(-o.flash_bytes // _UNIT) for o in choices) for choices in by_op.values())
    room = min(flash_bytes // _UNIT, useful)
    if room < 0:
        return []
    best = np.zeros(room + 1, dtype=np.int64)
    taken = []
    for choices in by_op.values():
        after, which = best.copy(), np.full(room + 1, -1, dtype=np.int64)
        for number, offer in enumerate(choices):
            size = -(-offer.flash_bytes // _UNIT)
            if size > room:
                continue
            value = best[: room + 1 - size] + offer.cycles
            better = value > after[size:]
            after[size:] = np.where(better, value, after[size:])
            which[size:][better] = number
        taken.append(which)
        best = after
    chosen = []
    for choices, which in zip(reversed(by_op.values()), reversed(taken), strict=True):
        number = int(which[room])
        if number >= 0:
            chosen.append(choices[number])
            room -= -(-choices[number].flash_bytes // _UNIT)
    return chosen[::-1]
