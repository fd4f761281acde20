"""In which order and in which pieces a graph runs, and where each of its buffers lies."""

from tinynas.schedule.ir import Buffer, Schedule, Segment, SegmentKind
from tinynas.schedule.paths import MAX_GRID
from tinynas.schedule.planner import (
    KINDS,
    candidate_segments,
    check_kinds,
    front,
    plan,
    plan_layer,
    plan_patch,
    plan_segments,
    schedules_for,
)
from tinynas.schedule.windows import TileWindow, patch_points, recomputed_macs, tile_windows

__all__ = [
    "KINDS",
    "MAX_GRID",
    "Buffer",
    "Schedule",
    "Segment",
    "SegmentKind",
    "TileWindow",
    "candidate_segments",
    "check_kinds",
    "front",
    "patch_points",
    "plan",
    "plan_layer",
    "plan_patch",
    "plan_segments",
    "recomputed_macs",
    "schedules_for",
    "tile_windows",
]
