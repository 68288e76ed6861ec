"""Settings of a run under a name: those that people save, and those that come with the app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from llmkit.registry import near_names
from training.models import Recipe
from training.services.errors import RunsError
from training.services.runs.asking import Asked

SHIPPED = "training/recipes"
LONGEST_NAME = 80


@dataclass(frozen=True)
class Known:
    """A recipe to start from. `key` stands in addresses; `row` is None for one of the app's own."""

    key: str
    name: str
    method: str
    values: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""
    row: Recipe | None = None


@cache
def shipped() -> tuple[Known, ...]:
    files = sorted((Path(settings.BASE_DIR) / SHIPPED).glob("*.yaml"))
    return tuple(Known(key=file.stem, **yaml.safe_load(file.read_text())) for file in files)


def of_row(row: Recipe) -> Known:
    notes = f"Shared by {row.owner.display_name}." if row.shared else ""
    return Known(str(row.pk), row.name, row.method, row.values, notes, row)


def seen_by(user: User, method: str = "") -> list[Known]:
    """One's own and shared ones, then the app's."""
    rows = Recipe.objects.seen_by(user).select_related("owner")
    found = [*map(of_row, rows), *shipped()]
    return [each for each in found if method in ("", each.method)]


def find(user: User, key: str) -> Known | None:
    """By its key, or by its name as the shell gives it."""
    known = seen_by(user)
    by_key = next((each for each in known if each.key == key), None)
    return by_key or next((each for each in known if each.name == key), None)


def named(user: User, name: str, method: str) -> Known:
    """RunsError with near names where there is none, or it is for another method."""
    found = find(user, name)
    if found is None:
        near = near_names(name, [each.name for each in seen_by(user, method)])
        raise RunsError(f"There is no recipe '{name}'. {near}", "recipe")
    if found.method != method:
        raise RunsError(f"The recipe {found.name} is for {found.method}, not {method}.", "recipe")
    return found


@transaction.atomic
def save(*, name: str, asked: Asked, shared: bool, by: User) -> Recipe:
    """The settings alone: models, datasets and the run's name are chosen anew each time."""
    wanted = name.strip()[:LONGEST_NAME]
    if not wanted:
        raise RunsError("Give the recipe a name.", "recipe")
    try:
        with transaction.atomic():
            return Recipe.objects.create(
                owner=by,
                name=wanted,
                method=asked.method.name,
                values={**asked.config, "peft": asked.peft},
                shared=shared,
            )
    except IntegrityError as error:
        raise RunsError(f"You have a recipe called {wanted} already.", "recipe") from error


@transaction.atomic
def delete(*, recipe: Recipe) -> None:
    recipe.delete()
