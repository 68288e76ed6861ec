"""A reward model says which tasks it is least sure of; people then rank those first."""

import json
from math import exp
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import call_command

from accounts.models import User
from feedback.measures.doubt import doubt
from feedback.models import Project, RankingTask
from feedback.services import labeling, projects
from feedback.services.tasks import NewAnswer, add_task
from llmkit import heads, scoring
from tests.tiny_adapters import build_adapter
from tests.tiny_model import TINY_MODEL, build_tiny_model
from training.models import ModelVersion

pytestmark = pytest.mark.django_db


def test_doubt_by_hand() -> None:
    p = 1 / (1 + exp(-2.0))
    assert doubt([1.0, 3.0]) == pytest.approx(4 * p * (1 - p))
    assert doubt([0.5, 0.5, 0.5]) == 1
    assert doubt([0.0, 1000.0]) == pytest.approx(0)
    assert doubt([7.0]) == 0


@pytest.fixture
def judge(settings: Any, tmp_path: Path) -> ModelVersion:
    """An untrained reward model whose scores are far apart."""
    settings.DATA_DIR = tmp_path
    settings.MODELS_DIR = tmp_path / "models"
    build_tiny_model(settings.MODELS_DIR / TINY_MODEL)
    folder = build_adapter(settings.MODELS_DIR / TINY_MODEL, tmp_path / "rewards" / "judge")
    torch.manual_seed(3)
    head = heads.scalar_head(64)
    head.weight.data *= 20
    heads.save(head, folder)
    scoring.save_facts(folder, scoring.Normalisation(0.1, 2.0))
    base = ModelVersion.objects.create(
        name=TINY_MODEL, kind="base", state="ready", path=f"models/{TINY_MODEL}"
    )
    return ModelVersion.objects.create(
        name="judge", kind="reward", base=base, state="ready", path="rewards/judge"
    )


def task_with(project: Project, name: str, *texts: str) -> RankingTask:
    return add_task(
        project=project,
        source=RankingTask.Source.BATCH,
        external_id=name,
        messages=[{"role": "user", "content": f"Question {name}"}],
        answers=[NewAnswer(text) for text in texts],
    )


def test_the_task_a_reward_model_is_least_sure_of_comes_first(
    judge: ModelVersion, owner: User, capsys: pytest.CaptureFixture[str]
) -> None:
    project = projects.create(owner=owner, name="Unsure", order="doubt", uniform_share=0.0)
    tasks = [task_with(project, str(n), f"Yes {n}", f"No, {n * n}!") for n in range(6)]
    call_command("doubt", "--project", "unsure", "--reward-model", "judge")
    assert json.loads(capsys.readouterr().out) == {"project": "unsure", "tasks": 6}
    found = {task.pk: RankingTask.objects.get(pk=task.pk).doubt or 0.0 for task in tasks}
    scores = scoring.open_scorer(judge.base.folder, judge.folder).score(  # type: ignore[union-attr]
        [(tasks[2].messages, text) for text in ("Yes 2", "No, 4!")]
    )
    assert found[tasks[2].pk] == pytest.approx(doubt([2 * score for score in scores]), abs=1e-5)
    assert len(set(found.values())) == 6
    labeler = labeling.labeler_of(project=project, user=owner)
    claimed = labeling.claim_next(project=project, labeler=labeler)
    assert claimed is not None
    assert claimed.task_id == max(found, key=found.__getitem__)
    assert not claimed.chosen_uniformly
