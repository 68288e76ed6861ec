"""Memory that nothing refers to any more goes back to the system."""

import ctypes
import gc
import sys


def give_memory_back() -> None:
    """Collect cycles, then have the allocators return what they keep for later.

    glibc keeps freed weights in its arenas: the process would stay as large as its largest model.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
