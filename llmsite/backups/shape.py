"""What a backup is: a tar file of the database's dump, DATA_DIR's files and a manifest.

The manifest comes last, so that a file without it is known to be cut off. It names each file's
size and SHA-256.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import IO, Any

MANIFEST = "manifest.json"
DUMP = "database"
FILES = "data/"
SHAPE = 1
PIECE = 1024 * 1024


class BackupError(Exception):
    """What can't be done; one sentence that says what to do."""


@dataclass
class Manifest:
    """`vendor` is the kind of database, `files` maps names in the tar to [bytes, SHA-256].

    `left` names what could not be read while the backup was made, with the reason.
    """

    vendor: str
    made_at: str
    migrations: dict[str, str]
    with_models: bool
    shape: int = SHAPE
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def read(cls, raw: bytes) -> "Manifest":
        try:
            found: dict[str, Any] = json.loads(raw)
            manifest = cls(**found)
            manifest.files = {
                str(n): (int(size), str(h)) for n, (size, h) in found["files"].items()
            }
        except UNREADABLE as error:
            raise BackupError("This file's manifest can't be read. Use another backup.") from error
        if manifest.shape != SHAPE:
            raise BackupError(
                "This backup was made by a newer version. Update the app before you restore it."
            )
        return manifest


UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


class Hashing:
    """A file for reading that knows what was read of it."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self._hash = hashlib.sha256()

    def read(self, wanted: int = PIECE) -> bytes:
        piece = self._file.read(min(wanted, self._left))
        if not piece and self._left:
            piece = bytes(min(wanted, self._left))
        self._left -= len(piece)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
