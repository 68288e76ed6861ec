"""What a run has taken."""

import resource


def memory_held() -> float:
    """The most bytes this process has held so far, on the GPU where there is one."""
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated())
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
