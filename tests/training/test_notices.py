"""People are told once of each end of their long work: with the end, or not at all."""

import re
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from accounts import mailing
from accounts.acting import acting_as
from accounts.models import Notification, User
from lifecycle.models import Made, Rehearsal, RehearsalStage
from lifecycle.services import going_on
from tests.any_row import AnyRows
from tests.mail_server import mail_server
from tests.running_site import free_port
from tests.training.run_rows import a_run
from training.models import DatasetAddition, Job, JobLostError, TrainingJob
from training.services import held
from training.services.runs import making, removal

pytestmark = [pytest.mark.django_db, pytest.mark.both]
# A red-team attempt's answers come while one looks at it; a report is waited for on its page.
KINDS = [kind for kind in Job.__subclasses__() if kind._meta.model_name != "filling"]
WANTED: dict[str, dict[str, Any]] = {"freezing": {"wanted": "version"}}
SignedIn = Callable[[User], Client]


def running(owner: User | None, name: str = "sums", **more: Any) -> TrainingJob:
    return a_run(owner, name, state="running", worker="w", **more)


def told(person: User) -> list[str]:
    return [str(each) for each in Notification.objects.of(person).order_by("id")]


def test_each_end_is_told_once_and_a_resumed_run_ends_anew(trainer: User, owner: User) -> None:
    job = running(trainer)
    held.end(job, Job.State.FAILED, "The disk is full.")
    with pytest.raises(JobLostError):
        held.end(job, Job.State.FAILED, "The disk is full.")
    assert told(trainer) == ["Training run sums: failed"]
    assert Notification.objects.get().said == "The disk is full."
    making.resume(job=job, tell=False)
    TrainingJob.objects.claim(job.pk, attempt=2, worker="w")
    job.refresh_from_db()
    held.end(job, Job.State.DONE)
    assert told(trainer)[1:] == ["Training run sums: finished"]
    assert told(owner) == []


def test_an_end_that_is_rolled_back_is_not_told(trainer: User) -> None:
    from django.db import transaction

    job = running(trainer)
    with pytest.raises(OSError), transaction.atomic():
        held.end(job, Job.State.DONE)
        raise OSError
    assert told(trainer) == []
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING


def test_whoever_stops_their_run_is_not_told_but_its_owner_is_when_another_does(
    trainer: User, admin: User
) -> None:
    mine, theirs, waiting = (running(trainer, name) for name in ("mine", "theirs", "waiting"))
    TrainingJob.objects.filter(pk=waiting.pk).update(state="waiting")
    with acting_as(lambda: trainer):
        making.cancel(job=mine)
    with acting_as(lambda: admin):
        making.cancel(job=theirs)
        making.cancel(job=waiting)
    for job in (mine, theirs):
        held.end(job, Job.State.CANCELLED, "Stopped at step 3.")
    assert told(trainer) == ["Training run theirs: stopped", "Training run waiting: stopped"]
    assert Notification.objects.of(trainer)[0].said == f"Stopped by {admin.display_name}."


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_end_a_run_at_once_tell_it_once(trainer: User) -> None:
    job, together = running(trainer), Barrier(2)

    def end() -> None:
        try:
            together.wait(10)
            held.end(TrainingJob.objects.get(pk=job.pk), Job.State.FAILED, "no")
        except JobLostError:
            pass
        finally:
            connection.close()

    ends = [Thread(target=end) for _ in range(2)]
    for each in ends:
        each.start()
    for each in ends:
        each.join(30)
    assert told(trainer) == ["Training run sums: failed"]


def test_the_page_shows_ones_own_leads_on_and_marks_read(
    trainer: User, stranger: User, signed_in: SignedIn
) -> None:
    client = signed_in(trainer)
    assert "Nothing yet" in client.get("/notifications/").content.decode()
    for name in ("<b>bold</b>", "other"):
        held.end(running(trainer, name), Job.State.FAILED, "It <i>broke</i>.")
    page = client.get("/notifications/?show=unread").content.decode()
    assert "&lt;b&gt;bold" in page and "It &lt;i&gt;broke" in page and "(2)" in page
    first = Notification.objects.of(trainer)[0]
    for name in ("open", "mark"):
        address = reverse(f"notifications:{name}", args=[first.pk])
        send = signed_in(stranger).get if name == "open" else signed_in(stranger).post
        assert send(address).status_code == 404
    assert client.get(first.get_absolute_url()).headers["Location"] == first.url
    assert (
        "<b>" not in page
        and first.name not in client.get("/notifications/?show=unread").content.decode()
    )
    client.post(reverse("notifications:mark", args=[first.pk]), {"unread": "yes"})
    assert Notification.objects.of(trainer).unread().count() == 2
    client.post(reverse("notifications:read"))
    assert not Notification.objects.of(trainer).unread().exists()


def test_the_bell_counts_without_a_reload_and_a_page_that_is_looked_at_is_read(
    trainer: User, signed_in: SignedIn
) -> None:
    client, address = signed_in(trainer), reverse("accounts:activity")
    job = running(trainer)
    before = re.search(r'X-Seen": "(\w+)"', client.get("/models/").content.decode())
    assert before
    held.end(job, Job.State.DONE)
    seen = {"X-Seen": before[1]}
    assert "1 unread notification" in client.get(address, headers=seen).content.decode()
    here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{job.get_absolute_url()}"}
    assert "No unread notifications" in client.get(address, headers=here).content.decode()


def test_an_email_is_sent_once_and_never_to_who_does_not_want_one(
    trainer: User,
    owner: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.EMAIL_HOST, settings.SITE_URL = "mail.test", "https://models.test"
    User.objects.filter(pk=trainer.pk).update(email="trainer@example.org")
    User.objects.filter(pk=owner.pk).update(email="owner@example.org", mails=False)
    with django_capture_on_commit_callbacks() as after:
        held.end(running(trainer, "two\nlines"), Job.State.DONE)
        held.end(running(owner), Job.State.DONE)
    assert len(after) == 1
    assert mailing.send_waiting() == 1 and mailing.send_waiting() == 0
    sent = mail.outbox.pop()
    assert sent.to == ["trainer@example.org"] and not mail.outbox
    assert sent.subject == "Training run two lines: finished"
    assert "https://models.test/training/" in sent.body


def test_a_mail_server_that_is_away_fails_nothing_and_is_tried_again(
    trainer: User, settings: Settings
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = False
    User.objects.filter(pk=trainer.pk).update(email="trainer@example.org")
    held.end(running(trainer), Job.State.DONE)
    assert mailing.send_waiting() == 0
    waits = Notification.objects.get()
    assert waits.mail_at is not None and waits.mail_at > timezone.now() and waits.mail_tries == 1
    Notification.objects.update(mail_at=timezone.now())
    with mail_server(settings.EMAIL_PORT) as took:
        assert mailing.send_waiting() == 1 and mailing.send_waiting() == 0
    (message,) = took
    assert message["To"] == "trainer@example.org"
    assert message["Subject"] == "Training run sums: finished"
    assert settings.SITE_URL + waits.url in message.get_payload()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind._meta.model_name))
def test_the_end_of_every_kind_of_long_work_is_told_and_leads_to_a_page(
    kind: Any, owner: User
) -> None:
    whose = "owner" if hasattr(kind, "owner_id") else "started_by"
    about = {"state": "running", "cancel_requested": False, whose: owner}
    row = AnyRows().of(kind, **about, **WANTED.get(kind._meta.model_name, {}))
    kind._default_manager.filter(pk=row.pk).update(state="failed", error="It broke.")
    found = Notification.objects.get(person=owner)
    assert (found.outcome, found.said) == ("failed", "It broke.")
    assert resolve(found.url)


def test_what_waits_for_a_person_says_so(owner: User) -> None:
    addition = AnyRows().of(DatasetAddition, state="running", step="look", started_by=owner)
    DatasetAddition.objects.filter(pk=addition.pk).update(state="done")
    assert [each.outcome for each in Notification.objects.of(owner)] == ["asks"]


def test_a_part_of_a_rehearsal_is_told_with_the_rehearsal(trainer: User) -> None:
    rows, job = AnyRows(), running(trainer)
    rehearsal = rows.of(Rehearsal, state="running", owner=trainer)
    stage = rows.of(RehearsalStage, rehearsal=rehearsal)
    rows.of(Made, stage=stage, key=str(job.pk))
    held.end(job, Job.State.DONE)
    assert told(trainer) == []
    going_on.end(rehearsal, Job.State.DONE, "")
    going_on.end(rehearsal, Job.State.DONE, "")
    assert told(trainer) == [f"Rehearsal {rehearsal.number}: finished"]


def test_a_removed_run_leaves_its_words(trainer: User) -> None:
    job = running(trainer)
    held.end(job, Job.State.FAILED, "no")
    job.refresh_from_db()
    removal.remove(job=job)
    job.delete()
    assert told(trainer) == ["Training run sums: failed"]
