"""Amounts of memory in words."""


def in_words(size: int) -> str:
    """Two digits that matter: 540 MB, 1.1 GB."""
    if size < 1000**2:
        return f"{size / 1000:.0f} kB"
    if size < 1000**3:
        return f"{size / 1000**2:.0f} MB"
    return f"{size / 1000**3:.1f} GB"
