"""Rankings made elsewhere: one module per file format, found by discovery."""

from feedback.importers.rows import FORMATS, Imported, Refused, Row, read_file
from llmkit.registry import discover

discover(__name__, __path__)

__all__ = ["FORMATS", "Imported", "Refused", "Row", "read_file"]
