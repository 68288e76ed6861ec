"""The kinds of dataset: what a row of each holds, and what counts as a good one.

One small module per kind, found by discovery. Plain Python: a run reads its data with these and
needs no database.
"""

from training.kinds.kind import KINDS, Column, Kind, RowError, canonical, load, picked, suggestions
from training.kinds.kind import Mapping as ColumnMapping

__all__ = [
    "KINDS",
    "Column",
    "ColumnMapping",
    "Kind",
    "RowError",
    "canonical",
    "picked",
    "suggestions",
]

load()
