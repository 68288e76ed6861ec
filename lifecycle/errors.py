class LifecycleError(Exception):
    """It can't be done; the text says why and what to do."""
