"""A job from the request to the report, step by step, resumable at each."""

from tinynas.pipeline.compiling import compile_tflite
from tinynas.pipeline.run import STEPS, JobResult, run_pipeline

__all__ = ["STEPS", "JobResult", "compile_tflite", "run_pipeline"]
