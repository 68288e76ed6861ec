"""Everything in one file, and everything back from it."""

from llmsite.backups.making import make
from llmsite.backups.restoring import restore
from llmsite.backups.shape import BackupError

__all__ = ["BackupError", "make", "restore"]
