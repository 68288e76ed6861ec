"""Numbers that a request, a file or an address names."""

MOST_DIGITS = 15


def whole_number(said: object) -> int | None:
    """What plain digits say; None for anything else, and for more than any key, page or place.

    Python refuses to read a number of thousands of digits, a database or a file one of twenty.
    """
    text = str(said)
    known = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if known else None
