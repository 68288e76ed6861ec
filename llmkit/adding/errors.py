class AddError(Exception):
    """A model can't be added; the text is one sentence that says why and what to do."""
