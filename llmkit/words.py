"""What made an answer, in the words a person would use."""

from llmkit.types import GenerationSettings


def setting_words(s: GenerationSettings) -> list[str]:
    """Settings one by one, without those that do nothing."""
    words = ["greedy"] if s.greedy else [f"temperature {s.temperature:g}"]
    if not s.greedy and s.top_k:
        words.append(f"top-k {s.top_k}")
    if not s.greedy and s.top_p < 1:
        words.append(f"top-p {s.top_p:g}")
    if s.repetition_penalty != 1:
        words.append(f"repetition penalty {s.repetition_penalty:g}")
    words.append(f"up to {s.max_tokens} tokens")
    if s.stop:
        words.append("stops at " + ", ".join(repr(text) for text in s.stop))
    return words
