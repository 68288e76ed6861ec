"""Files that met with accidents: each is taken, or refused in a sentence that leaves no row."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.models import User
from feedback.models import Project
from feedback.services import projects
from tests.properties import nasty
from tests.properties.importers import REFUSALS, Here, Importer, importers
from tests.properties.trial import rows, statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(settings: Settings, tmp_path: Path) -> Project:
    settings.DATA_DIR = tmp_path / "data"
    settings.UPLOADS_DIR = tmp_path / "uploads"
    return projects.create(owner=None, name="Sky")


@pytest.fixture
def every(project: Project, owner: User, tmp_path: Path) -> Sequence[Importer]:
    return importers(Here(project, owner, tmp_path))


def fault_of(importer: Importer, path: Path, data: bytes) -> str:
    """Why that should not have come of the file; nothing where it was taken or refused whole."""
    path.write_bytes(data)
    told, before, suspect = "", statements(), False
    with transaction.atomic():
        try:
            importer.take(path)
        except REFUSALS as error:
            told = "" if str(error).strip() else "refused without a word"
            suspect = statements() != before
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        after = rows() if suspect else {}
        transaction.set_rollback(True)
    if suspect and rows() != after:
        return "refused, and left rows behind"
    return told


def first_fault(importer: Importer, path: Path) -> str:
    @nasty.examples(12)
    @given(st.integers(0, 2**32))
    def tried(number: int) -> None:
        data = nasty.spoiled(Random(f"{importer.name} {number}"), importer.file)
        if fault := fault_of(importer, path, data):
            raise AssertionError(f"{importer.name}: {fault}, of {data[:300]!r}")

    try:
        tried()
    except AssertionError as error:
        return str(error)
    return ""


def test_each_takes_the_file_that_is_whole(every: Sequence[Importer], tmp_path: Path) -> None:
    told = [fault_of(each, tmp_path / each.name, each.file) for each in every]
    assert [fault for fault in told if fault] == []


def test_a_file_with_accidents_is_taken_or_refused_whole(
    every: Sequence[Importer], tmp_path: Path
) -> None:
    found = [first_fault(each, tmp_path / each.name) for each in every]
    assert "\n\n".join(fault for fault in found if fault) == ""
