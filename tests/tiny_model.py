"""The smallest model that is a real one; see llmkit/tiny.py."""

from llmkit.tiny import (
    CHATML,
    SPECIAL_TOKENS,
    TINY_CONTEXT,
    TINY_MODEL,
    build_tiny_model,
    byte_tokenizer,
    never_end,
    quieten_unprintable,
)

__all__ = [
    "CHATML",
    "SPECIAL_TOKENS",
    "TINY_CONTEXT",
    "TINY_MODEL",
    "build_tiny_model",
    "byte_tokenizer",
    "never_end",
    "quieten_unprintable",
]
