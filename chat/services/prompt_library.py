"""The templates that ship with the project: one YAML file each, brought into the database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils import timezone

from chat.models import PromptTemplate
from chat.services.prompt_templates import add_version, create_template
from llmkit.prompts import PromptTemplateError

LIBRARY_DIR = Path(__file__).resolve().parent.parent / "prompt_library"


@dataclass(frozen=True)
class Shipped:
    """One file of the library; its name without the ending is the template's slug."""

    slug: str
    name: str
    description: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Synced:
    created: list[str]
    changed: list[str]
    retired: list[str]


def read_library(folder: Path = LIBRARY_DIR) -> list[Shipped]:
    """Every file of the library. PromptTemplateError names the file that can't be read."""
    return [_read(path) for path in sorted(folder.glob("*.yaml"))]


def _read(path: Path) -> Shipped:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        where = f", line {line.line + 1}" if line else ""
        raise PromptTemplateError(f"{path.name}{where} is not valid YAML.") from error
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise PromptTemplateError(f"{path.name} must be a mapping that begins with a name.")
    name, description = data.pop("name"), data.pop("description", "")
    return Shipped(path.stem, name, description, data)


@transaction.atomic
def sync_library(*, folder: Path = LIBRARY_DIR) -> Synced:
    """Make the shipped templates equal to the files; doing it again changes nothing.

    A changed file makes a new version. A template whose file is gone is archived, because messages
    may point at its versions, and comes back with its file.
    """
    shipped = read_library(folder)
    result = Synced([], [], [])
    for entry in shipped:
        try:
            _sync_one(entry, result)
        except PromptTemplateError as error:
            raise PromptTemplateError(f"{entry.slug}.yaml: {error}") from error
    gone = PromptTemplate.objects.filter(owner=None, archived_at=None).exclude(
        slug__in=[entry.slug for entry in shipped]
    )
    result.retired.extend(gone.values_list("slug", flat=True))
    gone.update(archived_at=timezone.now())
    return result


def _sync_one(entry: Shipped, result: Synced) -> None:
    template = PromptTemplate.objects.filter(owner=None, slug=entry.slug).first()
    if template is None:
        create_template(
            owner=None,
            slug=entry.slug,
            name=entry.name,
            description=entry.description,
            spec=entry.spec,
        )
        result.created.append(entry.slug)
        return
    before = template.latest.number
    version = add_version(
        template=template, spec=entry.spec, name=entry.name, description=entry.description
    )
    if version.number != before:
        result.changed.append(entry.slug)
    PromptTemplate.objects.filter(pk=template.pk).update(archived_at=None)
