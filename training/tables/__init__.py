"""Tables that people bring: JSONL, JSON, CSV, TSV, Parquet, lines of text, each also gzipped.

A file is hostile data. It is read row by row with bounds on a line and on what it unpacks to; a
bad row is told apart with its number and fault and never stops the reading. No Django here.
"""

from training.tables.reading import open_table
from training.tables.table import BadRow, Limits, Options, RawRow, Table, TableError

__all__ = ["BadRow", "Limits", "Options", "RawRow", "Table", "TableError", "open_table"]
