"""Texts of answers made comparable."""

import re
import string

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    """As SQuAD's evaluation does it: lower case, no punctuation, no articles, single spaces."""
    bare = text.lower().translate(PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", bare).split())


def nothing_left(references: list[tuple[str, ...]]) -> int:
    """How many items have a reference that normalises to nothing, as "(A)" does."""
    return sum(any(not normalised(text) for text in texts) for texts in references)
