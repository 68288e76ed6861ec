"""Bringing in torch and transformers, which takes seconds and may not be done by two threads."""

import threading

_importing = threading.Lock()


def import_libraries() -> None:
    """transformers imports its parts when they are first named; a thread that names one while
    another thread is half through importing it gets "cannot import name"."""
    with _importing:
        import transformers

        import llmkit.engine.opening  # noqa: F401

        for name in ("AutoConfig", "AutoTokenizer", "AutoModelForCausalLM"):
            getattr(transformers, name)
