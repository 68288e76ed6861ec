"""A file's lines with a bound on each and on all of them together, gzipped or not."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from training.tables.table import Limits, TableError

BOM = b"\xef\xbb\xbf"


class TooLongError(Exception):
    """A line is longer than allowed; the next one can be asked for."""


class Lines(Iterator[bytes]):
    """The lines one by one. TooLongError for one that is too long, which is skipped; TableError
    where the file is damaged or unpacks to too much."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._packed = path.open("rb")
        gzipped = self._packed.read(2) == b"\x1f\x8b"
        self._packed.seek(0)
        opened = gzip.GzipFile(fileobj=self._packed) if gzipped else self._packed
        self._file = cast(BinaryIO, opened)
        self._limits = limits
        self._unpacked = 0

    def done(self) -> int:
        """How much of the file on disk was read."""
        return 0 if self._packed.closed else self._packed.tell()

    def close(self) -> None:
        self._file.close()
        self._packed.close()

    def __next__(self) -> bytes:
        first = self._unpacked == 0
        line = self._read()
        if not line:
            self.close()
            raise StopIteration
        if len(line) > self._limits.line:
            self._skip(line)
            raise TooLongError
        return line.removeprefix(BOM) if first else line

    def _skip(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._read()

    def _read(self) -> bytes:
        if self._file.closed:
            return b""
        try:
            line = self._file.readline(self._limits.line + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TableError("The file is damaged. Pack it again.") from error
        self._unpacked += len(line)
        if self._unpacked > self._limits.unpacked:
            raise TableError(
                f"It unpacks to more than {self._limits.unpacked // 10**6:,} MB. Split it."
            )
        return line


def whole(path: Path, limits: Limits) -> bytes:
    """All of a file that can only be read at once."""
    bound = Limits(unpacked=limits.whole, line=limits.whole + 1)
    try:
        return b"".join(Lines(path, bound))
    except TableError as error:
        if "unpacks" not in str(error):
            raise
        raise TableError(
            f"A JSON file may have {limits.whole // 10**6:,} MB. Save it as JSON lines, one object "
            "a line."
        ) from error


def as_text(line: bytes) -> str:
    """What is not UTF-8 is kept in a form that `is_text` knows."""
    return line.decode("utf-8", "surrogateescape")


def is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
