"""A job from the request to the report, step by step, resumable at each."""

from tinynas.pipeline.compiling import compile_tflite, compile_weights
from tinynas.pipeline.fleet import fleet_json, run_fleet
from tinynas.pipeline.run import JobResult, run_pipeline

__all__ = [
    "JobResult",
    "compile_tflite",
    "compile_weights",
    "fleet_json",
    "run_fleet",
    "run_pipeline",
]
