"""Rooms import downwards, and the web starts without the model libraries."""

import subprocess
import sys
import tomllib
from pathlib import Path

from django.conf import settings

HEAVY = "torch transformers peft trl bitsandbytes accelerate"
LOOK = f"""
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
import llmsite.asgi
from django.urls import get_resolver
get_resolver().url_patterns
print("loaded:", *[name for name in "{HEAVY}".split() if name in sys.modules])
"""


def test_the_web_starts_without_the_model_libraries() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=settings.BASE_DIR, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded:"


def test_every_import_contract_is_kept() -> None:
    linter = str(Path(sys.executable).parent / "lint-imports")
    result = subprocess.run(
        [linter, "--no-cache"], cwd=settings.BASE_DIR, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout


def test_the_contracts_cover_every_room() -> None:
    config = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    linter = config["tool"]["importlinter"]
    rooms = {path.parent.name for path in settings.BASE_DIR.glob("*/apps.py")} | {"llmkit"}
    layers = next(c["layers"] for c in linter["contracts"] if c["type"] == "layers")
    named = {room.strip() for layer in layers for room in layer.split("|")}
    assert named == set(linter["root_packages"]) == rooms
