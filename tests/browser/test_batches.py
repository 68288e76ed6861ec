"""A batch from typed prompts to tasks, by keyboard."""

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.processes import start_worker
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser


def looks_right(page: Page) -> None:
    """axe finds nothing, in the light on a desk and in the dark on a phone, which needs no
    scrolling sideways. From the top: the bar that stays there would cover what is behind it."""
    page.evaluate("() => window.scrollTo(0, 0)")
    assert axe.check(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert axe.check(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)


def test_typed_prompts_become_tasks(page: Page, chat_site: RunningSite) -> None:
    page.context.add_cookies([chat_site.session_cookie("owner")])  # type: ignore[list-item]
    project = {"name": "Walked", "objective": "helpful", "candidates": "2", "overlap": "1"}
    chat_site.post(chat_site.owner(), "/feedback/new/", **project)
    page.goto(f"{chat_site.url}/feedback/walked/batches/")
    page.get_by_role("button", name="New batch").press("Enter")
    page.get_by_label("Or type them").fill("What do foxes eat?\nSing a song.\nSing a song.")
    looks_right(page)
    page.get_by_role("button", name="Read prompts").press("Enter")
    expect(page.get_by_text("The same prompt as in row 2")).to_be_visible()
    page.get_by_label("Model 1").select_option(TINY_MODEL)
    page.get_by_label("Temperature").first.fill("1.5")
    page.get_by_label("Max new tokens").first.fill("8")
    page.get_by_label("Seed").press("Tab")
    expect(page.locator("#estimate")).to_contain_text("at most 32 new tokens")
    looks_right(page)
    page.get_by_role("button", name="Start batch").press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    start_worker(chat_site)
    try:
        expect(page.get_by_text("2 of 2 prompts ready to rank")).to_be_visible(timeout=60_000)
    finally:
        chat_site.stop("worker")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    looks_right(page)
