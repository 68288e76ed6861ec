"""What an evaluation can fail of, in sentences that say what to do."""

from training.run import errors
from training.run.errors import RunError

DISK_FULL = (
    "The disk is full, or a limit on files is reached. Free some space, then resume: the "
    "evaluation goes on from the items that are done."
)


class EvaluationError(RunError):
    """The evaluation can't go on; the text says why and what to do."""


def sentence_for(error: BaseException) -> str:
    """What a person should read; the traceback goes to the log."""
    if errors.is_disk_full(error):
        return DISK_FULL
    return errors.sentence_for(error).replace("The run failed", "The evaluation failed")
