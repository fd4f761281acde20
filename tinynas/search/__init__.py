"""Stage 2: the most accurate architecture, with the schedule by which it fits."""

from tinynas.search.candidate import Candidate, pareto_front
from tinynas.search.engine import SearchOutcome, search
from tinynas.search.evaluator import (
    EvaluationTask,
    Evaluator,
    EvaluatorFactory,
    LocalEvaluator,
)
from tinynas.search.feasibility import Feasibility, Fit, Plan

__all__ = [
    "Candidate",
    "EvaluationTask",
    "Evaluator",
    "EvaluatorFactory",
    "Feasibility",
    "Fit",
    "LocalEvaluator",
    "Plan",
    "SearchOutcome",
    "pareto_front",
    "search",
]
