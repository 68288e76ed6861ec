"""The ranking page in a browser: by keyboard alone, by dragging, in two tabs, without a network."""

import re

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser

ZOOMED = ViewportSize(width=640, height=400)
TASKS = """
import django; django.setup()
from accounts.models import User
from feedback.models import RankingTask
from feedback.services import projects
from feedback.services.tasks import NewAnswer, add_task
words = ["one", "# Two\\n\\n- of\\n- them", "```python\\nthree = 3\\n```", "أربعة"]
owner = User.objects.get(username="owner")
for name in ("Keyboard", "Drag", "Tabs"):
    project = projects.create(owner=owner, name=name, guidelines="Be **kind**.")
    for number in range(4):
        turns = ["Hello", "Hi. " * 300, f"Say it, {number}"]
        roles = ["user", "assistant", "user"]
        add_task(
            project=project,
            source=RankingTask.Source.BATCH,
            external_id=str(number),
            messages=[{"role": r, "content": c} for r, c in zip(roles, turns, strict=True)],
            answers=[NewAnswer(f"{text}\\n\\nfor {number}", {"model": "m"}) for text in words],
        )
"""


@pytest.fixture(scope="module")
def projects(site: RunningSite) -> str:
    """Where the projects are, with a few tasks of four answers each, for the owner to rank."""
    site.owner()
    site.python("-c", TASKS)
    return f"{site.url}/feedback"


@pytest.fixture
def desk(owner_page: Page, projects: str, request: pytest.FixtureRequest) -> Page:
    """A task of the project that the test names."""
    owner_page.goto(f"{projects}/{request.param}/rank/")
    expect(owner_page.locator("[data-chip]")).to_have_count(4)
    return owner_page


def of_project(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("desk", [name], indirect=True)


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def says(page: Page, summary: str) -> None:
    expect(page.locator("[data-summary]")).to_have_text(summary)


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d\d:\d\d"))


def prompt(page: Page) -> str:
    return page.locator(".prompt > .turn .said").inner_text()


def next_after(page: Page, before: str) -> None:
    expect(page.locator(".prompt > .turn .said")).not_to_have_text(before)


def is_fine_everywhere(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for size in (DESKTOP, PHONE, ZOOMED):
            page.set_viewport_size(size)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
        assert axe.check(page) == []
    page.set_viewport_size(DESKTOP)


@of_project("keyboard")
def test_a_task_is_ranked_undone_and_skipped_by_keyboard_alone(desk: Page) -> None:
    expect(desk.locator("[data-news]")).to_contain_text("Read the guidelines")
    keys(desk, "l")
    expect(desk.get_by_role("dialog", name="Guidelines")).to_contain_text("Be kind.")
    keys(desk, "Escape")
    expect(desk.locator("[data-news]")).to_have_count(0)
    before = prompt(desk)
    keys(desk, "3", "1", "t", "4", "2", "x")
    says(desk, "1 = 3 > 4 | 2")
    keys(desk, "ArrowUp", "ArrowUp", "4", "ArrowDown", "1", "ArrowDown", "2", "Backspace")
    says(desk, "3 > 1 > 4")
    expect(desk.locator("#announcer")).to_contain_text("Answer 2: not ranked.")
    keys(desk, "Enter")
    expect(desk.get_by_role("alert")).to_contain_text("Answer 2 is not ranked.")
    keys(desk, "2", "x")
    saved(desk)
    keys(desk, "c")
    desk.keyboard.type("Is 3 right? Yes, u s b x")
    keys(desk, "Escape", "e")
    better = desk.get_by_role("textbox", name="Your better answer, from answer 2")
    expect(better).to_be_focused()
    keys(desk, "End")
    desk.keyboard.type(", better")
    keys(desk, "Tab", "Space", "Escape", "f", "Space", "Escape")
    is_fine_everywhere(desk)
    keys(desk, "Enter")
    next_after(desk, before)
    expect(desk.locator("#announcer")).to_contain_text("Saved. Next task, 4 answers.")
    desk.reload()
    second = prompt(desk)
    keys(desk, "1", "u")
    expect(desk.locator(".prompt > .turn .said")).to_have_text(before)
    says(desk, "3 > 1 > 4 | 2")
    expect(desk.get_by_role("checkbox", name="Mine is better than its original")).to_be_checked()
    expect(desk.locator("[data-comment]")).to_have_value("Is 3 right? Yes, u s b x")
    expect(desk.locator(".answer input:checked")).to_have_count(1)
    keys(desk, "Enter")
    next_after(desk, before)
    expect(desk.locator(".prompt > .turn .said")).to_have_text(second)
    says(desk, "1")
    keys(desk, "b")
    says(desk, "all bad")
    keys(desk, "s")
    expect(desk.get_by_role("radio", name="I cannot judge this")).to_be_focused()
    keys(desk, "ArrowDown", "Enter")
    next_after(desk, second)
    expect(desk.locator(".history li").first).to_contain_text("Skipped")


def drag(page: Page, what: Locator, onto: Locator, part: float = 0.5) -> None:
    """From the middle of one thing to a height of another, as a hand does."""
    source, target = what.bounding_box(), onto.bounding_box()
    assert source and target
    page.mouse.move(source["x"] + 15, source["y"] + source["height"] / 2)
    page.mouse.down()
    y = target["y"] + part * target["height"]
    page.mouse.move(target["x"] + 30, y - 3, steps=4)
    page.mouse.move(target["x"] + 30, y)
    page.mouse.up()


@of_project("drag")
def test_answers_are_dragged_into_tiers_onto_each_other_and_below_the_line(desk: Page) -> None:
    chip = {n: desk.locator(f"[data-chip='{n - 1}']") for n in range(1, 5)}
    tier = desk.locator("[data-tier]")
    drag(desk, chip[2], desk.locator("[data-ladder]"))
    says(desk, "2")
    drag(desk, chip[4], tier.first, 0.9)
    says(desk, "2 > 4")
    drag(desk, desk.locator("[data-pick='0']"), tier.first)
    says(desk, "1 = 2 > 4")
    drag(desk, chip[3], desk.locator("[data-line]"))
    says(desk, "1 = 2 > 4 | 3")
    drag(desk, chip[1], tier.nth(2), 0.1)
    says(desk, "2 > 4 | 1 > 3")
    drag(desk, desk.locator("[data-pick='3']"), desk.locator(".answer").nth(2), 0.1)
    says(desk, "2 | 1 > 3 = 4")
    drag(desk, chip[3], tier.first, 0.1)
    says(desk, "3 > 2 | 1 > 4")
    saved(desk)
    desk.reload()
    says(desk, "3 > 2 | 1 > 4")
    chip[2].click()
    desk.get_by_role("button", name="Take out").click()
    says(desk, "3 | 1 > 4")
    desk.get_by_role("button", name="All bad").click()
    says(desk, "all bad")


@of_project("tabs")
def test_two_tabs_and_a_lost_network_lose_nothing(desk: Page) -> None:
    other = desk.context.new_page()
    other.goto(desk.url)
    keys(desk, "1", "2")
    saved(desk)
    keys(other, "b")
    expect(other.get_by_role("alert")).to_contain_text("changed in another tab")
    other.get_by_role("button", name="Take the newer one").click()
    stands = desk.locator("[data-summary]").inner_text()
    says(other, stands)
    keys(other, "3")
    saved(other)
    desk.context.set_offline(True)
    keys(other, "4")
    expect(other.locator("[data-saved]")).to_contain_text("Not saved: offline, will try again")
    keys(other, "Enter")
    expect(other.locator("[data-saved]")).to_contain_text("Not sent: offline, will try again")
    before = prompt(other)
    desk.context.set_offline(False)
    next_after(other, before)
    keys(desk, "b")
    expect(desk.get_by_role("alert")).to_contain_text("This task is done.")
    desk.get_by_role("button", name="Next task").click()
    next_after(desk, before)
    other.close()
