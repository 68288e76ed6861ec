"""What a run can fail of, in sentences that say what to do."""

import errno

from llmkit.types import EngineError

OUT_OF_MEMORY = "The run ran out of {where}. {lower}"
DISK_FULL = (
    "The disk is full, or a limit on files is reached. Free some space, then resume: the run goes "
    "on from {checkpoint}."
)
LAST = "its last checkpoint"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FULL_WORDS = ("No space left", "File too large", "Disk quota exceeded", "failed writing file")
MEMORY_WORDS = ("can't allocate memory", "not enough memory", "bad_alloc", "out of memory")
MEMORY_NAMES = {"OutOfMemoryError", "MemoryError"}


class RunError(Exception):
    """The run can't go on; the text says why and what to do."""


class Stopped(Exception):  # noqa: N818
    """The run was asked to stop and has kept a checkpoint."""


def sentence_for(error: BaseException, *, checkpoint: str = LAST, lower: str = "") -> str:
    """What a person should read; the traceback goes to the log. `lower`: what saves memory."""
    if isinstance(error, RunError | EngineError):
        return str(error)
    if is_out_of_memory(error):
        on_gpu = "CUDA" in str(error)
        where = "the GPU's memory" if on_gpu else "memory"
        return OUT_OF_MEMORY.format(where=where, lower=lower).strip()
    if is_disk_full(error):
        return DISK_FULL.format(checkpoint=checkpoint)
    first = (str(error).strip() or "no message").splitlines()[0][:300]
    return f"The run failed: {type(error).__name__}: {first}"


def is_out_of_memory(error: BaseException) -> bool:
    """torch has an own error on a GPU only; on a processor it is a RuntimeError with a text."""
    if type(error).__name__ in MEMORY_NAMES or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return any(words in str(error) for words in MEMORY_WORDS)


def is_disk_full(error: BaseException) -> bool:
    """torch and safetensors tell it by texts of their own."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(words in str(error) for words in FULL_WORDS)
