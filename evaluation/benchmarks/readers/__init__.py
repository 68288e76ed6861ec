"""Files as their makers publish them, row by row as plain mappings. One module is one format."""

from evaluation.benchmarks.readers.reader import READERS, FileFaultError, Reader, get

__all__ = ["READERS", "FileFaultError", "Reader", "get"]
