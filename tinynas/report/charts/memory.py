"""Where the memory goes: each buffer's life and place, and the budget above all of it."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from tinynas.report.data import BufferData, LayerData, MemoryParts, ScheduleData, SegmentData
from tinynas.report.svg import Frame, chart, element, line, rectangle, text
from tinynas.report.text import kilobytes, segment_name

_INK = 6.4  # width of a character of a label, pixels
_FAR = 2  # a budget this many times what is used is named above the map instead of drawn


def live_bytes(schedule: ScheduleData, ops: int) -> list[int]:
    """Bytes of the arena in use at each op; where buffers overlap, bytes count once."""
    return [
        _covered(
            (b["offset"], b["offset"] + b["bytes"])
            for b in schedule["buffers"]
            if b["first"] <= op <= b["last"]
        )
        for op in range(ops)
    ]


def _covered(intervals: Iterable[tuple[int, int]]) -> int:
    """Length of the union of intervals."""
    total, end = 0, 0
    for low, high in sorted(intervals):
        total += max(0, high - max(low, end))
        end = max(end, high)
    return total


def memory_map(
    schedule: ScheduleData,
    layers: list[LayerData],
    parts: MemoryParts,
    budget: int,
    *,
    size: tuple[int, int] = (952, 400),
) -> Markup:
    """Buffers over ops (x) and bytes (y); static data and stack lie on top of the arena."""
    ops = len(layers)
    live = live_bytes(schedule, ops)
    peak = max(range(ops), key=lambda op: live[op])
    total = parts["arena_bytes"] + parts["static_bytes"] + parts["stack_bytes"]
    far = budget > total * _FAR
    top = total * 1.15 if far else max(budget, total) * 1.04
    frame = Frame.of(size, (0, ops), (0, top), margins=(42, 14, 92, 58))
    marks = [
        *(_segment(frame, s) for s in schedule["segments"] if s["kind"] != "layer"),
        *frame.grid(frame.y.ticks(6, 1024), kilobytes),
        *(_buffer(frame, b) for b in schedule["buffers"]),
        *(_label(frame, b, _clear_until(b, schedule["buffers"])) for b in schedule["buffers"]),
        *_rest(frame, parts),
        *_peak(frame, peak, live[peak]),
        *_limit(frame, budget, far=far),
        *_names(frame, layers),
    ]
    name = (
        f"Memory over time: {len(schedule['buffers'])} buffers in an arena of "
        f"{kilobytes(parts['arena_bytes'])}, fullest at {layers[peak]['name']}; "
        f"{kilobytes(total)} of {kilobytes(budget)} SRAM in all"
    )
    return chart(*size, name, *marks, kind="memory")


def _box(frame: Frame, first: float, last: float, low: float, high: float) -> tuple[float, ...]:
    x, y = frame.x(first), frame.y(high)
    return x, y, frame.x(last) - x, frame.y(low) - y


def _segment(frame: Frame, segment: SegmentData) -> Markup:
    x, _, width, _ = _box(frame, segment["first"], segment["last"], 0, 0)
    top = frame.y.end
    return element(
        "g",
        rectangle(x, top, width, frame.y.start - top, "shape"),
        text(x + 4, top - 8, segment_name(segment), "label"),
        class_=f"segment {segment['kind']}",
    )


def _buffer(frame: Frame, buffer: BufferData) -> Markup:
    low, high = buffer["offset"], buffer["offset"] + buffer["bytes"]
    x, y, width, height = _box(frame, buffer["first"], buffer["last"] + 1, low, high)
    name = buffer["tensor"] or buffer["name"]
    kind = "buffer scratch" if buffer["tensor"] is None else "buffer"
    if buffer["tensor"] in ("input", "logits"):
        kind += " edge"
    about = (
        f"{name}: {kilobytes(buffer['bytes'])} at offset {buffer['offset']:,}, "
        f"op {buffer['first']} to {buffer['last']}"
    )
    shape = rectangle(x + 0.5, y + 0.5, max(width - 1, 1), max(height - 1, 0.5), "shape", about)
    return element("g", shape, class_=kind)


def _clear_until(buffer: BufferData, buffers: list[BufferData]) -> int:
    """The op before which nothing is written over a buffer; outputs may take inputs' place."""
    over = (
        other["first"]
        for other in buffers
        if buffer["first"] < other["first"] <= buffer["last"]
        and buffer["offset"] < other["offset"] + other["bytes"]
        and other["offset"] < buffer["offset"] + buffer["bytes"]
    )
    return min(over, default=buffer["last"] + 1)


def _label(frame: Frame, buffer: BufferData, end: int) -> Markup:
    """The longest label that has room, lying or upright, where only this buffer is."""
    low, high = buffer["offset"], buffer["offset"] + buffer["bytes"]
    x, y, width, height = _box(frame, buffer["first"], end, low, high)
    name = buffer["tensor"] or buffer["name"]
    kind = "value edge" if name in ("input", "logits") else "value"
    for label in (f"{name}  {kilobytes(buffer['bytes'])}", name):
        if height >= 13 and len(label) * _INK < width - 6:
            return text(x + width / 2, y + height / 2 + 3.5, label, kind, "middle")
        if width >= 13 and len(label) * _INK < height - 6:
            return _upright(x + width / 2, y + height / 2, label, kind)
    return Markup()


def _upright(x: float, y: float, label: str, kind: str) -> Markup:
    """A label that reads from bottom to top, centred at (x, y)."""
    turn = f"translate({x + 3.5:.1f} {y:.1f}) rotate(-90)"
    return element("text", label, class_=kind, text_anchor="middle", transform=turn)


def _rest(frame: Frame, parts: MemoryParts) -> list[Markup]:
    """The bands above the arena: the library's static data and the stack's high-water mark."""
    bands, low = [], parts["arena_bytes"]
    for key, name in (("static_bytes", "static data"), ("stack_bytes", "stack")):
        size = int(parts[key])  # type: ignore[literal-required]
        x, y, width, height = _box(frame, frame.x.low, frame.x.high, low, low + size)
        band = [rectangle(x, y, width, height, "shape", f"{name}: {kilobytes(size)}")]
        if height >= 12:
            band.append(
                text(
                    x + width - 6, y + height / 2 + 3.5, f"{name} {kilobytes(size)}", "value", "end"
                )
            )
        if size:
            bands.append(element("g", *band, class_="band"))
        low += size
    return bands


def _limit(frame: Frame, budget: int, *, far: bool) -> list[Markup]:
    y = frame.y.end if far else frame.y(budget)
    name = f"budget {kilobytes(budget)}" + (", far above ↑" if far else "")
    drawn = [] if far else [line(frame.x.start, y, frame.x.end, y, "limit")]
    return [*drawn, text(frame.x.end - 4, y - 6, name, "label limit", "end")]


def _peak(frame: Frame, op: int, size: int) -> list[Markup]:
    middle = frame.x(op + 0.5)
    anchor = "start" if op < frame.x.high / 2 else "end"
    return [
        line(middle, frame.y.end - 32, middle, frame.y.start, "peak"),
        text(
            middle + (6 if anchor == "start" else -6),
            frame.y.end - 24,
            f"fullest: {kilobytes(size)} live",
            "label peak",
            anchor,
        ),
    ]


def _names(frame: Frame, layers: list[LayerData]) -> list[Markup]:
    """Op names below the axis, turned; every other one where they would touch."""
    base = frame.y.start
    step = 1
    while (frame.x(step) - frame.x.start) < 11:
        step += 1
    parts = [line(frame.x.start, base, frame.x.end, base, "axis")]
    for op in range(0, len(layers), step):
        x = frame.x(op + 0.5)
        parts.append(
            element(
                "text",
                layers[op]["name"],
                class_="tick",
                text_anchor="end",
                transform=f"translate({x + 3:.1f} {base + 8:.1f}) rotate(-60)",
            )
        )
    return parts
