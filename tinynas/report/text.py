"""Numbers as people read them; the same in HTML, Markdown and charts."""

from __future__ import annotations

from itertools import groupby

from tinynas.report.data import SegmentData

THIN = "\u202f"  # narrow no-break space, between a number and its unit
_LARGE = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def kilobytes(size: float) -> str:
    """`24.1 KB` of 1,024 bytes; whole bytes below one."""
    if abs(size) < 1024:
        return f"{size:.0f}{THIN}B"
    value = size / 1024
    digits = 0 if abs(value) >= 1000 or value == int(value) else 1
    return f"{value:,.{digits}f}{THIN}KB"


def count(value: float) -> str:
    """`1.23 M`, `45.6 k`: three significant figures of a large number."""
    for limit, unit in _LARGE:
        if abs(value) >= limit:
            scaled = value / limit
            digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{scaled:.{digits}f}{THIN}{unit}"
    return f"{value:.0f}"


def round_count(value: float) -> str:
    """`5 M`: a round number at an axis, without trailing zeros."""
    for limit, unit in _LARGE:
        if abs(value) >= limit:
            return f"{value / limit:g}{THIN}{unit}"
    return f"{value:g}"


def percent(share: float, digits: int = 1) -> str:
    return f"{share * 100:.{digits}f}%"


def difference(measured: float, predicted: float) -> str:
    """Signed percentage of the predicted value."""
    if predicted == 0 or measured == predicted:
        return "equal"
    return f"{(measured - predicted) / predicted * 100:+.1f}%".replace("-", "−")


def schedule_text(segments: list[SegmentData]) -> str:
    """`the first 5 ops in 2 × 2 patches, then 30 layer by layer`; segments of a manner together."""
    if len(segments) == 1 and segments[0]["kind"] == "layer":
        return "layer by layer"
    parts: list[str] = []
    for manner, run in groupby(segments, key=_manner):
        sizes = " + ".join(str(s["last"] - s["first"]) for s in run)
        parts.append(f"{sizes}{'' if parts else ' ops'} {manner}")
    return "the first " + ", then ".join(parts)


def stream_text(segments: list[SegmentData]) -> str:
    """What the buffers of a stream hold; empty where nothing runs row by row."""
    streams = [s for s in segments if s["kind"] == "stream"]
    if not streams:
        return ""
    chunk = max(s.get("chunk", 0) for s in streams)
    handed = (
        f"; what need not be kept is handed on up to {chunk} columns at a time" if chunk else ""
    )
    return f"Where it runs row by row, a buffer holds the rows that are still needed{handed}."


def _manner(segment: SegmentData) -> str:
    match segment["kind"]:
        case "patch":
            return f"in {segment_name(segment)}"
        case "stream" if segment.get("fed"):
            return "row by row as the rows come in"
        case _:
            return segment_name(segment)


def segment_name(segment: SegmentData) -> str:
    """`2 × 2 patches`, `row by row`: how the ops of a segment run."""
    match segment["kind"]:
        case "patch":
            return "{} × {} patches".format(*segment["grid"])
        case "stream":
            return "rows as they come in" if segment.get("fed") else "row by row"
        case _:
            return "layer by layer"


_RULES = {
    "mean-of-all": "The largest mean wins, networks that do not fit counting as no work at all.",
    "published": "The largest mean of those that fit wins (the published rule, to the letter).",
}


def rule_text(rule: str) -> str:
    """The rule of stage 1 in words."""
    return _RULES.get(rule, rule)


def shape(sizes: list[int]) -> str:
    """`16 × 16 × 24`, without the batch of one."""
    rest = sizes[1:] if len(sizes) > 1 and sizes[0] == 1 else sizes
    return " × ".join(str(n) for n in rest)
