"""Why a model can't be added."""


class AddError(Exception):
    """A model can't be added; the text is one sentence that says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence, 1000))


def printable(text: str, longest: int) -> str:
    """Text from a stranger's file, fit for one line of any database."""
    return "".join(c for c in text if c.isprintable())[:longest]
