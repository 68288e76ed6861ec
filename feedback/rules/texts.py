"""What counts as the same prompt: canonical messages, their hash, and the group they belong to."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence

from training.splits import normalised

__all__ = [
    "Message",
    "canonical",
    "group_key",
    "normalised",
    "prompt_hash",
    "root_turn",
    "sha256",
]

Message = Mapping[str, str]


def canonical(messages: Sequence[Message]) -> str:
    """One spelling of a list of messages: role and content only, NFC, no outer white space."""
    plain = [
        {"role": m["role"], "content": unicodedata.normalize("NFC", m["content"]).strip()}
        for m in messages
    ]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def prompt_hash(messages: Sequence[Message]) -> str:
    return sha256(canonical(messages))


def root_turn(messages: Sequence[Message]) -> str:
    """The first user turn, which everything that grew out of it shares."""
    return next((m["content"] for m in messages if m["role"] == "user"), "")


def group_key(messages: Sequence[Message]) -> str:
    """Conversations with the same key may never stand in two splits."""
    return sha256(normalised(root_turn(messages)))
