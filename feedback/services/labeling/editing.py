"""A better answer that a labeler wrote over one of the candidates."""

from feedback.models import Assignment, Candidate
from feedback.rules import texts
from feedback.services.errors import FeedbackError
from feedback.services.labeling.reading import Edit


def stored_edit(assignment: Assignment, edit: Edit) -> Candidate:
    """A candidate with its parent and author. It joins no set, so nobody ranks it.

    The same words sent again are the same candidate. FeedbackError where they say nothing new.
    """
    parent = assignment.candidate_set.candidates[edit.of]
    candidate, new = Candidate.objects.get_or_create(
        task=assignment.task,
        text_hash=texts.sha256(edit.text),
        defaults={"text": edit.text, "parent_id": parent, "author": assignment.labeler},
    )
    if not new and candidate.parent_id != parent:
        raise FeedbackError(
            "Your better answer says the same as one that is here. Change it, or remove it."
        )
    return candidate
