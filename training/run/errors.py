"""What a run can fail of, in sentences that say what to do."""

import errno

from llmkit.types import EngineError

OUT_OF_MEMORY = (
    "The run ran out of {where}. Lower the batch size or the longest length, train an adapter "
    "rather than the whole model, or hold the base model in fewer bits."
)
DISK_FULL = "The disk is full. Free some space, then resume: the run goes on from {checkpoint}."


class RunError(Exception):
    """The run can't go on; the text says why and what to do."""


class Stopped(Exception):  # noqa: N818
    """The run was asked to stop and has kept a checkpoint."""


def sentence_for(error: BaseException, *, checkpoint: str = "its last checkpoint") -> str:
    """What a person should read; the traceback goes to the log."""
    if isinstance(error, RunError | EngineError):
        return str(error)
    if is_out_of_memory(error):
        on_gpu = "CUDA" in str(error)
        return OUT_OF_MEMORY.format(where="the GPU's memory" if on_gpu else "memory")
    if (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left" in str(
        error
    ):
        return DISK_FULL.format(checkpoint=checkpoint)
    first = (str(error).strip() or "no message").splitlines()[0][:300]
    return f"The run failed: {type(error).__name__}: {first}"


def is_out_of_memory(error: BaseException) -> bool:
    """torch has an own error on a GPU only; on a processor it is a RuntimeError with a text."""
    named = type(error).__name__ in {"OutOfMemoryError", "MemoryError"}
    return named or "can't allocate memory" in str(error) or "not enough memory" in str(error)
