class BenchmarkError(Exception):
    """A benchmark can't be found, read or brought; the text is one sentence for people."""
