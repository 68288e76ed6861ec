"""Lists of datasets say from whose rankings a version was frozen."""

from typing import Any

import pytest

from accounts.models import User
from feedback.models import Project
from training.dataset_panels import Origin, origins_of
from training.services import datasets

pytestmark = pytest.mark.django_db


def test_only_managers_get_the_way_to_the_project(
    project: Project, trainer: User, member: User
) -> None:
    files: dict[str, Any] = {"pairs.train.jsonl": [{"messages": []}]}
    facts: dict[str, Any] = {"kind": "preference", "files": files, "report": {}}
    made = [
        datasets.freeze(name=str(key), source={"project": key}, **facts)
        for key in (project.pk, 10**6)
    ]
    theirs = origins_of(made, trainer)
    assert theirs[made[0].pk] == Origin("Rankings in Kind answers", f"/feedback/{project.slug}/")
    assert theirs[made[1].pk] == Origin("Rankings of a project that was removed")
    assert origins_of(made, member)[made[0].pk].url == ""
