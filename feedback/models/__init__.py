"""Projects, ranking tasks with their candidates, who ranks them, and what they said."""

from feedback.models.annotation import Annotation
from feedback.models.assignment import Assignment
from feedback.models.batch import Batch, BatchAnswer, BatchPrompt, RefusedPrompt
from feedback.models.doubting import Doubting
from feedback.models.freezing import Freezing
from feedback.models.imports import Import, ImportJob, QuarantinedRow
from feedback.models.labeler import Labeler
from feedback.models.project import Guidelines, Project
from feedback.models.prompt_group import PromptGroup
from feedback.models.red_team import Attempt, Filling, RedTeam
from feedback.models.task import Candidate, CandidateSet, CandidateSource, RankingTask

__all__ = [
    "Annotation",
    "Assignment",
    "Attempt",
    "Batch",
    "BatchAnswer",
    "BatchPrompt",
    "Candidate",
    "CandidateSet",
    "CandidateSource",
    "Doubting",
    "Filling",
    "Freezing",
    "Guidelines",
    "Import",
    "ImportJob",
    "Labeler",
    "Project",
    "PromptGroup",
    "QuarantinedRow",
    "RankingTask",
    "RedTeam",
    "RefusedPrompt",
]
