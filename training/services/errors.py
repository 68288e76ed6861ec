class ModelsError(Exception):
    """It can't be done; the text is one sentence for people, and nothing was changed."""
