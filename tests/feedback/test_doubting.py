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
from feedback.models import Doubting, Project, RankingTask
from feedback.services import doubting, doubting_jobs, labeling, projects
from feedback.services.tasks import NewAnswer, add_task
from llmkit import heads, scoring
from llmkit.engine import create_app
from tests.llmkit.running_engine import serving
from tests.tiny_adapters import build_adapter
from tests.tiny_model import TINY_MODEL, build_tiny_model
from training.models import ModelVersion
from training.services import removal
from training.services.errors import ModelsError

pytestmark = pytest.mark.django_db(transaction=True)


def test_doubt_by_hand() -> None:
    p = 1 / (1 + exp(-2.0))
    assert doubt([1.0, 3.0]) == pytest.approx(4 * p * (1 - p))
    assert doubt([0.5, 0.5, 0.5]) == 1
    assert doubt([0.0, 1000.0]) == pytest.approx(0)
    assert doubt([7.0]) == 0


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubting_jobs, "enqueue", lambda job: None)


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


def test_it_is_done_in_the_background_seen_and_gone_on_with(
    judge: ModelVersion, owner: User, settings: Any, signed_in: Any
) -> None:
    project = projects.create(owner=owner, name="Unsure", order="doubt")
    for n in range(10):
        task_with(project, str(n), f"Yes {n}", f"No, {n * n}!")
    page, path = signed_in(owner), "/feedback/unsure/"
    assert "Score 10 tasks" in page.get(f"{path}settings/").content.decode()
    page.post(f"{path}doubt/begin", {"judge": "judge"})
    page.post(f"{path}doubt/begin", {"judge": "judge"})
    job = Doubting.objects.get()
    assert "0 of 10 tasks by judge" in page.get(f"{path}doubt/").content.decode()
    with pytest.raises(ModelsError, match="needed by the project Unsure"):
        removal.remove(version=judge)
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]
    doubting_jobs.run(job_id=str(job.pk), attempt=1)
    job.refresh_from_db()
    assert (job.state, job.done_bytes) == ("failed", 0)
    assert "the engine does not answer" in page.get(f"{path}doubt/").content.decode()
    page.post(f"{path}doubt/begin", {"judge": "judge"})
    again = Doubting.objects.exclude(pk=job.pk).get()
    Doubting.objects.filter(pk=again.pk).update(last=project.tasks.all()[1].pk, done_bytes=2)
    with serving(create_app(settings.MODELS_DIR, dtype="float32")) as url:
        settings.ENGINE_URLS = [url]
        doubting_jobs.run(job_id=str(again.pk), attempt=1)
    again.refresh_from_db()
    assert (again.state, again.error, again.done_bytes) == ("done", "", 10)
    left = list(project.tasks.values_list("doubt", flat=True))
    assert left[:2] == [None, None]
    by_hand = list(project.tasks.all())
    doubting.doubted(by_hand, judge)
    assert left[2:] == pytest.approx([task.doubt for task in by_hand[2:]], abs=1e-3)


def test_it_is_stopped_in_between(judge: ModelVersion, owner: User, signed_in: Any) -> None:
    project = projects.create(owner=owner, name="Unsure", order="doubt")
    task_with(project, "1", "Yes", "No")
    job = doubting_jobs.begin(project=project, name="judge", by=owner)
    Doubting.objects.filter(pk=job.pk).update(cancel_requested=True)
    doubting_jobs.run(job_id=str(job.pk), attempt=1)
    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", doubting_jobs.CANCELLED)
