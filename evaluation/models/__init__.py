from evaluation.models.evaluation_run import EvaluationRun, EvaluationRunQuerySet
from evaluation.models.ranking import Ranking
from evaluation.models.score import Score, ScoreQuerySet
from evaluation.models.system import System, SystemQuerySet

__all__ = [
    "EvaluationRun",
    "EvaluationRunQuerySet",
    "Ranking",
    "Score",
    "ScoreQuerySet",
    "System",
    "SystemQuerySet",
]
