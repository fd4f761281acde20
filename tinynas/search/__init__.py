"""Stage 2: the most accurate architecture, with the schedule by which it fits."""

from tinynas.search.candidate import Candidate, pareto_front
from tinynas.search.engine import SearchOutcome, SearchPlan, search
from tinynas.search.evaluator import (
    EvaluationTask,
    Evaluator,
    EvaluatorFactory,
    LocalEvaluator,
)
from tinynas.search.feasibility import Feasibility, Fit, Plan
from tinynas.search.finalists import Finalist, keep_back, rerank, standard_error
from tinynas.search.memory import RememberingEvaluator, remembering

__all__ = [
    "Candidate",
    "EvaluationTask",
    "Evaluator",
    "EvaluatorFactory",
    "Feasibility",
    "Finalist",
    "Fit",
    "LocalEvaluator",
    "Plan",
    "RememberingEvaluator",
    "SearchOutcome",
    "SearchPlan",
    "keep_back",
    "pareto_front",
    "remembering",
    "rerank",
    "search",
    "standard_error",
]
