"""Where models lie under DATA_DIR."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def data_dir() -> Path:
    where: Any = settings.DATA_DIR
    return Path(where)


def models_dir() -> Path:
    where: Any = settings.MODELS_DIR
    return Path(where)


def adapters_dir() -> Path:
    return models_dir().parent / "adapters"


def rewards_dir() -> Path:
    """Reward models: beside the adapters, for no engine serves them."""
    return models_dir().parent / "rewards"


def trash_dir() -> Path:
    return models_dir().parent / "trash"


def work_folder(job: object) -> Path:
    """Beside the models, so that the finished folder only has to be renamed; hidden from the
    engine by its name."""
    return models_dir() / f".adding-{job}"


def upload_file(job: object) -> Path:
    return models_dir().parent / "incoming" / f"{job}.gguf"


def relative(folder: Path) -> str:
    """As the registry stores it: below DATA_DIR where it lies there."""
    try:
        return str(folder.relative_to(data_dir()))
    except ValueError:
        return str(folder)
