"""What an evaluation can fail of, in sentences that say what to do."""

from training.run.errors import RunError, sentence_for

__all__ = ["EvaluationError", "sentence_for"]


class EvaluationError(RunError):
    """The evaluation can't go on; the text says why and what to do."""
