"""Adding a model: the row is the truth, one worker at a time works, and nothing is half-added."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from llmkit.identity import identity
from training.models import Addition, ModelVersion
from training.models.job import SILENT_AFTER
from training.services import adding, leftovers, working
from training.services.errors import ModelsError

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
Tasks = list[tuple[str, int]]


def begun(source: Path, by: User, name: str = "fox") -> Addition:
    return adding.begin(source="folder", origin=str(source), name=name, by=by)


def work(addition: Addition) -> Addition:
    """What the worker does, here and now."""
    working.run(addition_id=str(addition.pk), attempt=addition.attempt)
    return Addition.objects.select_related("version").get(pk=addition.pk)


def claimed(addition: Addition, worker: str) -> Addition:
    assert Addition.objects.claim(addition.pk, attempt=addition.attempt, worker=worker)
    addition.refresh_from_db()
    return addition


def left(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "models").iterdir())


def test_a_folder_becomes_a_model_that_outlives_it(
    source: Path, owner: User, data: Path, tasks: Tasks
) -> None:
    addition = begun(source, owner)
    assert tasks == [(str(addition.pk), 1)]
    done = work(addition)
    (source / "model.safetensors").unlink()
    assert (done.state, done.version.state) == ("done", "ready")
    assert (done.version.licence, done.version.architecture) == ("MIT", "LlamaForCausalLM")
    assert len(done.version.content_hash) == 64
    assert (done.version.folder / "model.safetensors").exists()
    assert left(data) == ["fox"]


def test_a_refusal_leaves_a_sentence_and_nothing_else(
    source: Path, owner: User, data: Path
) -> None:
    (source / "model.safetensors").rename(source / "pytorch_model.bin")
    failed = work(begun(source, owner))
    assert (failed.state, failed.version.state) == ("failed", "failed")
    assert "pickles" in failed.version.error
    assert left(data) == []


def test_an_attempt_that_is_old_or_taken_does_nothing(source: Path, owner: User) -> None:
    addition = begun(source, owner)
    claimed(addition, "elsewhere:1:1.00")
    working.run(addition_id=str(addition.pk), attempt=1)
    addition.refresh_from_db()
    assert (addition.state, addition.worker) == ("running", "elsewhere:1:1.00")


def test_a_worker_that_lost_the_row_adds_nothing(source: Path, owner: User, data: Path) -> None:
    addition = claimed(begun(source, owner), identity())
    Addition.objects.filter(pk=addition.pk).update(attempt=2, worker="elsewhere:1:1.00")
    with pytest.raises(working.JobLostError):
        working._finish(addition, {})
    assert not (data / "models" / "fox").exists()


def test_one_whose_worker_died_is_started_again(source: Path, owner: User, tasks: Tasks) -> None:
    host = identity().split(":")[0]
    addition = claimed(begun(source, owner), f"{host}:999999999:1.00")
    working.reap()
    addition.refresh_from_db()
    assert (addition.state, addition.attempt) == ("waiting", 2)
    assert tasks[-1] == (str(addition.pk), 2)
    assert work(addition).state == "done"


def test_one_that_dies_again_and_again_is_given_up(source: Path, owner: User) -> None:
    addition = begun(source, owner)
    for _ in range(3):
        claimed(addition, "elsewhere:1:1.00")
        silent = timezone.now() - 2 * SILENT_AFTER
        Addition.objects.filter(pk=addition.pk).update(heartbeat_at=silent)
        working.reap()
        addition.refresh_from_db()
    assert addition.state == "failed"
    assert "died 3 times" in addition.error


def test_a_task_that_the_broker_lost_is_sent_again(source: Path, owner: User, tasks: Tasks) -> None:
    addition = begun(source, owner)
    tasks.clear()
    working.reap()
    assert tasks == []
    Addition.objects.update(heartbeat_at=timezone.now() - 3 * SILENT_AFTER)
    working.reap()
    working.reap()
    assert tasks == [(str(addition.pk), 1)]


def test_one_that_waits_is_cancelled_at_once(source: Path, owner: User) -> None:
    addition = begun(source, owner)
    adding.cancel(addition=addition)
    assert work(addition).state == "cancelled"
    assert ModelVersion.objects.get().error == adding.CANCELLED


def test_one_that_runs_is_cancelled_by_its_worker(source: Path, owner: User, data: Path) -> None:
    addition = claimed(begun(source, owner), identity())
    adding.cancel(addition=addition)
    working._work(addition)
    addition.refresh_from_db()
    assert addition.state == "cancelled"
    assert left(data) == []


def test_it_is_tried_again_under_the_same_name(source: Path, owner: User) -> None:
    adding.cancel(addition=begun(source, owner))
    again = adding.retry(version=ModelVersion.objects.get(), by=owner)
    assert work(again).version.state == "ready"
    assert [v.name for v in ModelVersion.objects.known()] == ["fox"]


def test_a_name_is_taken_by_one_model_only(source: Path, owner: User) -> None:
    begun(source, owner)
    with pytest.raises(ModelsError, match="There is a model called fox already"):
        begun(source, owner)
    assert Addition.objects.count() == 1


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "a b", "ä"])
def test_a_name_that_is_no_folder_name_is_refused(name: str, source: Path, owner: User) -> None:
    with pytest.raises(ModelsError, match="name has letters"):
        begun(source, owner, name)


def test_the_apps_own_folders_are_no_source(data: Path, owner: User) -> None:
    for path in (data, data / "models"):
        with pytest.raises(ModelsError, match="own data folder"):
            begun(path, owner)
    with pytest.raises(ModelsError, match="There is nothing at"):
        begun(data.parent / "none", owner)


def test_what_killed_work_left_is_swept_and_what_runs_is_not(
    source: Path, owner: User, data: Path
) -> None:
    live = claimed(begun(source, owner), identity())
    kept, gone = data / "models" / f".adding-{live.pk}", data / "models" / ".adding-old"
    for folder in (kept, gone):
        (folder / "model").mkdir(parents=True)
    leftovers.sweep()
    assert (kept.exists(), gone.exists()) == (True, False)


def upload(owner: User, data: bytes, **more: Any) -> Addition:
    return adding.begin_upload(file_name="fox.gguf", size=len(data), by=owner, **more)


def test_an_upload_arrives_in_pieces_and_goes_on_where_it_broke_off(
    owner: User, data: Path, tasks: Tasks
) -> None:
    content = b"GGUF" + bytes(range(200))
    addition = upload(owner, content)
    assert adding.receive(addition=addition, at=0, data=content[:100]) == 100
    again = upload(owner, content)
    assert (again.pk, again.done_bytes) == (addition.pk, 100)
    assert adding.receive(addition=again, at=50, data=b"wrong") == 100
    assert tasks == []
    assert adding.receive(addition=again, at=100, data=content[100:]) == len(content)
    assert (data / "incoming" / f"{addition.pk}.gguf").read_bytes() == content
    assert tasks == [(str(addition.pk), 1)]
    failed = work(Addition.objects.get(pk=addition.pk))
    assert "damaged" in failed.error
    assert list((data / "incoming").iterdir()) == []


def test_an_upload_that_is_too_large_is_refused_beforehand(owner: User, settings: Any) -> None:
    settings.MODEL_UPLOAD_LIMIT = 10
    with pytest.raises(ModelsError, match="at most"):
        upload(owner, b"GGUF" * 10)
    assert not ModelVersion.objects.exists()


def test_a_full_disk_is_told_before_anything_is_written(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmkit.adding.space.SPARE_BYTES", 10**18)
    with pytest.raises(ModelsError, match="Not enough disk space"):
        upload(owner, b"GGUF")
    assert not ModelVersion.objects.exists()
