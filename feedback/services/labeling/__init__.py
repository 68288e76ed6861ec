"""Ranking by people: the next task, drafts, submitting, skipping and undoing.

A slot of a task's overlap is claimed by an INSERT that the database refuses when somebody else
holds it; no lock is needed and none would work on SQLite. A claim that expired gives its slot to
others and keeps its draft, which its writer gets back with the next free slot of that task.
"""

from feedback.services.labeling.claims import (
    LostClaimError,
    claim,
    release_all_expired,
    release_expired,
    renewed,
)
from feedback.services.labeling.drafts import StaleDraftError, save_draft
from feedback.services.labeling.following import Step, claim_next, left_for, next_step
from feedback.services.labeling.history import last_acts, ranked_today
from feedback.services.labeling.labelers import labeler_of, saw_guidelines
from feedback.services.labeling.reading import Edit, Sent, read, storable
from feedback.services.labeling.submitting import skip, submit
from feedback.services.labeling.undoing import undo

__all__ = [
    "Edit",
    "LostClaimError",
    "Sent",
    "StaleDraftError",
    "Step",
    "claim",
    "claim_next",
    "labeler_of",
    "last_acts",
    "left_for",
    "next_step",
    "ranked_today",
    "read",
    "release_all_expired",
    "release_expired",
    "renewed",
    "save_draft",
    "saw_guidelines",
    "skip",
    "storable",
    "submit",
    "undo",
]
