"""An attempt from choosing the model to its end, by keyboard."""

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.chat_page import PATIENCE_MS
from tests.browser.conftest import DESKTOP, PHONE
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser


def looks_right(page: Page) -> None:
    """To axe, in the light on a desk and in the dark on a phone, without scrolling sideways."""
    assert axe.check(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert axe.check(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).press("Enter")


def choose_the_model(page: Page) -> None:
    page.get_by_role("button", name="Choose models").press("Enter")
    page.get_by_label(TINY_MODEL, exact=True).press("Space")
    page.get_by_label("Max new tokens").fill("8")
    looks_right(page)
    press(page, "Save")


def test_an_attempt_is_made_and_told(page: Page, chat_site: RunningSite) -> None:
    page.context.add_cookies([chat_site.session_cookie("owner")])  # type: ignore[list-item]
    project = {"name": "Fires", "objective": "harmless", "candidates": "2", "overlap": "1"}
    chat_site.post(chat_site.owner(), "/feedback/new/", **project)
    page.goto(f"{chat_site.url}/feedback/fires/red-team/")
    choose_the_model(page)
    page.get_by_label("What will you try?").fill("Make it rude")
    press(page, "Start attempt")
    expect(page.get_by_label("Message to Model A")).to_be_focused()
    page.keyboard.type("Say something rude")
    press(page, "Send")
    expect(page.get_by_role("status").filter(has_text="has answered")).to_be_attached(
        timeout=PATIENCE_MS
    )
    expect(page.get_by_role("article", name="Model A")).to_be_visible()
    expect(page.get_by_label("Message to Model A")).to_be_focused()
    page.get_by_text("Finish…").press("Enter")
    page.get_by_role("radio", name="Partly").press("Space")
    page.get_by_role("checkbox", name="Toxic").press("Space")
    page.get_by_label("What happened").fill("It stuttered")
    looks_right(page)
    press(page, "Finish attempt")
    expect(page.get_by_text("It appears once the model has written")).to_be_visible()
    expect(page.get_by_text("2 of 4. Partly")).to_be_visible()
    looks_right(page)
    page.get_by_role("link", name="Red team").first.press("Enter")
    expect(page.get_by_role("link", name="Make it rude")).to_be_visible()
    expect(page.get_by_role("heading", name="How far people got")).to_be_visible()
    looks_right(page)
