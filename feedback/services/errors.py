class FeedbackError(Exception):
    """The request can't be done; the text says why and what to do, and nothing was changed."""
