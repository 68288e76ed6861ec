class ModelsError(Exception):
    """It can't be done; the text is one sentence for people, and nothing was changed."""


class RunsError(Exception):
    """The run can't be made or changed; the text is one sentence for people."""
