"""What was promised, what was measured: a finished job as JSON, HTML and Markdown."""

from tinynas.report.build import ReportFiles, build_report
from tinynas.report.bundle import bundle_report, refresh_report
from tinynas.report.data import (
    CurveData,
    CurvePoint,
    MemoryFigures,
    MistakeData,
    ReportData,
    SearchData,
)
from tinynas.report.describe import (
    describe_blocks,
    describe_cost,
    describe_device,
    describe_layers,
    describe_schedule,
)
from tinynas.report.html import SHARED_STYLES
from tinynas.report.pictures import picture
from tinynas.report.plan import PlanData, describe_plan

__all__ = [
    "SHARED_STYLES",
    "CurveData",
    "CurvePoint",
    "MemoryFigures",
    "MistakeData",
    "PlanData",
    "ReportData",
    "ReportFiles",
    "SearchData",
    "build_report",
    "bundle_report",
    "describe_blocks",
    "describe_cost",
    "describe_device",
    "describe_layers",
    "describe_plan",
    "describe_schedule",
    "picture",
    "refresh_report",
]
