"""What a template adds to a prompt, in the words a person would use."""


def shot_words(count: int) -> str:
    return {0: "zero-shot", 1: "one-shot"}.get(count, f"{count} shots")
