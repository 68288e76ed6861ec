"""Where benchmarks' files lie under DATA_DIR."""

from pathlib import Path
from typing import Any

from django.conf import settings


def benchmarks_dir() -> Path:
    where: Any = settings.DATA_DIR
    return Path(where) / "benchmarks"
