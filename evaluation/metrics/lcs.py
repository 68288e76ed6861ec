"""Longest common subsequences of long texts, by whole rows of the usual table at once.

A row is one integer with a bit per place (Hyyrö 2004, "Bit-parallel LCS-length computation
revisited"): a 0 bit is a place where the table grows. Ten thousand words against ten thousand are
ten thousand additions instead of a hundred million steps, and the path back is the same.
"""

from collections.abc import Hashable, Sequence


def rows_of(reference: Sequence[Hashable], output: Sequence[Hashable]) -> list[int]:
    """Row i has, in bit j, whether t[i][j + 1] == t[i][j] of the table t of LCS lengths."""
    width = (1 << len(output)) - 1
    places: dict[Hashable, int] = {}
    for place, token in enumerate(output):
        places[token] = places.get(token, 0) | (1 << place)
    row = width
    rows = [row]
    for token in reference:
        here = row & places.get(token, 0)
        row = ((row + here) | (row - here)) & width
        rows.append(row)
    return rows


def length_at(row: int, place: int) -> int:
    """t[i][place] from row i."""
    return place - (row & ((1 << place) - 1)).bit_count()


def length(reference: Sequence[Hashable], output: Sequence[Hashable]) -> int:
    return length_at(rows_of(reference, output)[-1], len(output))


def places(reference: Sequence[Hashable], output: Sequence[Hashable]) -> list[int]:
    """Places in `reference` of one longest common subsequence: among several, the one that
    rouge-score's way back through the table finds."""
    rows = rows_of(reference, output)
    i, j, found = len(reference), len(output), []
    while i > 0 and j > 0:
        if reference[i - 1] == output[j - 1]:
            found.append(i - 1)
            i, j = i - 1, j - 1
        elif length_at(rows[i], j - 1) > length_at(rows[i - 1], j):
            j -= 1
        else:
            i -= 1
    return found[::-1]
