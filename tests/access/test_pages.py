"""Every page for everybody: what docs/access.csv says is what the site does, without an exception.

A page that has no row fails here with the row that it would get, to be judged and put there.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from scripts.access import PAGE, rendered
from tests.access.addresses import Page, pages
from tests.access.people import (
    ERROR,
    NO,
    NOT_OFFERED,
    ROLES,
    SIGN_IN,
    VISITOR,
    YES,
    Person,
    Site,
    make_people,
)
from tests.access.table import Row, Table, as_line, decided
from tests.access.world import World, alone_in, world_of
from tests.one_loop import in_one_loop

# Signing in by one way or another, and what a supervisor asks.
OPEN = {f"accounts:{name}" for name in ("join", "login", "new-password", "setup")} | {"chat:health"}
ELSEWHERE = {("socket:conversation", "SOCKET"), ("socket:comparison", "SOCKET")}
METHODS = ("GET", "POST", "PUT")
Told = tuple[Row, tuple[str, ...]]


@pytest.fixture
def people(
    db: None, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> dict[str, Person]:
    caplog.set_level("CRITICAL", "django.request")
    alone_in(tmp_path, settings)
    settings.ROOT_URLCONF = "tests.access.brief"
    backend = {"BACKEND": "tests.access.brief.Templates", "NAME": "django"}
    settings.TEMPLATES = [{**settings.TEMPLATES[0], **backend}]
    return make_people()


@pytest.fixture
def world(people: dict[str, Person]) -> World:
    return world_of(people)


def rows_of(page: Page, world: World, people: dict[str, Person], site: Site) -> Iterator[Told]:
    """One for each method that is offered; PUT is for what takes nothing else."""
    for called in world.things(page.name):
        address, body = page.address(world, called), world.sent.get(called, "")
        offered = 0
        for method in METHODS:
            if offered and method == "PUT":
                continue
            told: dict[str, str] = {}
            for role in ("owner" if page.in_admin else "maker", *people):
                told[role] = told.get(role) or people[role].asks(site, method, address, body)
                if told[role] == NOT_OFFERED:
                    break
            else:
                offered += 1
                yield (called, method), tuple(told[role] for role in people)


def whole_table(world: World, people: dict[str, Person]) -> Table:
    site = Site()
    wanted = (page for page in pages() if not page.in_admin)
    index = Page("admin:index", "admin/", None)
    found = {row: told for page in wanted for row, told in rows_of(page, world, people, site)}
    return found | dict(list(rows_of(index, world, people, site))[:1])


def let_into_admin(world: World, people: dict[str, Person]) -> list[str]:
    """Its addresses that give somebody else than the owner something."""
    site, wrong = Site(), []
    for page in (page for page in pages() if page.in_admin and page.name != "admin:logout"):
        address = page.address(world, page.name)
        for role, told in ((VISITOR, SIGN_IN), ("admin", NO)):
            if people[role].asks(site, "GET", address) != told:
                wrong.append(f"{page.name} for {role}")
    return wrong


def test_every_page_gives_everybody_what_was_decided(
    world: World, people: dict[str, Person]
) -> None:
    found, wanted = in_one_loop(whole_table, world, people), decided()
    wrong = [as_line(row, told) for row, told in found.items() if wanted.get(row) != told]
    assert wrong == [], "Judge these, then write them into docs/access.csv:\n" + "\n".join(wrong)
    assert wanted.keys() - found.keys() == ELSEWHERE


def test_djangos_admin_is_the_owners_alone_in_each_of_its_pages(
    world: World, people: dict[str, Person]
) -> None:
    assert sum(page.in_admin for page in pages()) > 60
    assert in_one_loop(let_into_admin, world, people) == []


def test_the_table_lets_somebody_in_everywhere_and_nobody_too_far() -> None:
    table = decided()
    assert [row for row, told in table.items() if ERROR in told] == []
    assert [row for row, told in table.items() if YES not in told] == []
    visitor = ROLES.index(VISITOR)
    assert {name for (name, _), told in table.items() if told[visitor] == YES} == OPEN


def test_the_document_says_what_the_table_says() -> None:
    assert PAGE.read_text() == rendered()
