"""Where tests find the fetched models."""

import os
from pathlib import Path

import pytest

from llmkit.modelstore import Package, is_complete


def need(package: Package, folder: Path) -> Path:
    """The model's folder. Skips where nobody fetched it, but fails under CI."""
    if not is_complete(folder, package):
        text = f"{package.name} is not fetched. Run: python manage.py fetch_models"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return folder
