"""Whatever is sent to whatever address: never an error of ours, and a refusal changes nothing.

The addresses are those of docs/access.csv; what is sent is what the site's own pages would send,
with accidents, and fields that the code reads. So a new form is tried without anybody's doing.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.forms import BaseForm
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.forms import NewPasswordForm
from tests.access.addresses import pages
from tests.access.people import ROLES, YES, Person, make_people
from tests.access.table import Row, decided
from tests.access.world import World, alone_in, world_of
from tests.one_loop import in_one_loop
from tests.properties.names import ROOMS, every, fields_by_room
from tests.properties.trial import TRIES, Target, Trial
from training.forms import PrecisionForm
from training.views.adding import FOR_ADMINS

# It is only shown; Django takes the other one after a look that begins a session, see
# tests/accounts.
NOT_SENT = {PrecisionForm, NewPasswordForm}


@pytest.fixture
def people(
    db: None,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Person]:
    """Time stands still, so that on a busy machine nothing that waits is taken for dropped."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    caplog.set_level("ERROR", "django.request")
    alone_in(tmp_path, settings)
    return make_people()


@pytest.fixture
def world(people: dict[str, Person]) -> World:
    return world_of(people)


def targets(world: World, people: dict[str, Person]) -> Iterator[Target]:
    """Every page by every method, for one who is let in: nobody where that is so, the maker."""
    fields = fields_by_room()
    table = decided()
    for method in TRIES:
        for page in pages():
            room = page.view.__module__.partition(".")[0]
            for called in world.things(page.name):
                told = dict(zip(ROLES, table.get((called, method), ()), strict=False))
                let_in = [role for role in ("visitor", "maker", "owner") if told.get(role) == YES]
                if let_in and not called.startswith("admin:"):
                    address = page.address(world, called)
                    yield Target(method, called, address, people[let_in[0]], fields.get(room, []))
    for way in sorted(FOR_ADMINS):
        address = reverse("models:begin", args=[way])
        yield Target("POST", "models:begin", address, people["owner"], fields["training"])


def faults(world: World, people: dict[str, Person], folder: Path) -> list[str]:
    trial = Trial(world, folder)
    tried = list(targets(world, people))
    assert {(each.called, each.method) for each in tried} == takes_something()
    return [fault for each in tried if (fault := trial.first_fault(each))]


def takes_something() -> set[Row]:
    """What docs/access.csv has but for sockets and Django's admin, which has its own tests."""
    return {
        (called, method)
        for called, method in decided()
        if method in TRIES and not called.startswith("admin:")
    }


def our_forms() -> set[type[BaseForm]]:
    """But for those that others are made of."""
    found = set(every(BaseForm))
    ours = {kind for kind in found if kind.__module__.partition(".")[0] in ROOMS}
    return {kind for kind in ours if not kind.__subclasses__()}


def test_whatever_is_sent_is_taken_or_refused_whole(
    world: World, people: dict[str, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: set[type[BaseForm]] = set()
    clean = BaseForm.full_clean

    def noted(form: BaseForm) -> None:
        filled.add(type(form))
        clean(form)

    monkeypatch.setattr(BaseForm, "full_clean", noted)
    assert "\n\n".join(in_one_loop(faults, world, people, tmp_path)) == ""
    assert our_forms() - filled == NOT_SENT
