"""Voting in the chat, by keyboard: what it shares is said once, and it stays pressed."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import axe
from tests.browser.chat_page import ChatPage
from tests.browser.conftest import DESKTOP, PHONE
from tests.processes import Chatter
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser


def pressed(place: Locator, name: str) -> Locator:
    return place.get_by_role("button", name=name, exact=True, pressed=True)


def press(place: Locator, name: str) -> None:
    """By keyboard: the focus stays on the button when the votes are drawn anew."""
    button = place.get_by_role("button", name=name, exact=True)
    button.focus()
    button.press("Enter")


def test_answers_are_rated_compared_and_ranked(chat: ChatPage, chatter: Chatter) -> None:
    first = chatter.send(
        "Tell me about foxes",
        model=TINY_MODEL,
        max_tokens="5",
        decoding="sampling",
        temperature="1.5",
    )
    page = chat.open(f"{chatter.path}/").page
    chat.wait_for_end()
    rate_it(page, chat.answer)
    chatter.regenerate(first)
    expect(chat.answer.get_by_role("button", name="Regenerate")).to_be_visible()
    compare_the_two(page, chat)
    in_another_tab(chat)
    looks_right(page)
    rank_them(page, chat.answer)


def rate_it(page: Page, answer: Locator) -> None:
    press(answer, "Bad answer")
    expect(answer.locator(".untold")).to_contain_text("under your name")
    expect(answer.get_by_role("button", name="Share this vote")).to_be_focused()
    page.keyboard.press("Enter")
    expect(pressed(answer, "Bad answer")).to_be_visible()
    expect(answer.get_by_role("checkbox", name="Makes something up")).to_be_focused()
    page.keyboard.press("Space")
    assert axe.check(page) == []
    answer.get_by_role("button", name="Save").press("Enter")
    expect(answer.get_by_role("button", name="What you said")).to_be_visible()
    page.reload()
    expect(pressed(answer, "Bad answer")).to_be_visible()
    press(answer, "Bad answer")
    expect(pressed(answer, "Bad answer")).to_have_count(0)
    press(answer, "Good answer")
    expect(pressed(answer, "Good answer")).to_be_focused()


def compare_the_two(page: Page, chat: ChatPage) -> None:
    group = page.get_by_role("group", name="Which is better?")
    expect(group).to_be_visible()
    press(group, "The other")
    expect(pressed(group, "The other")).to_be_focused()
    chat.answer.get_by_role("button", name="Previous answer").click()
    expect(pressed(group, "This one")).to_be_visible()
    expect(pressed(chat.answer, "Good answer")).to_be_visible()


def in_another_tab(chat: ChatPage) -> None:
    other = chat.another_tab().open(chat.path)
    group = other.page.get_by_role("group", name="Which is better?")
    press(group, "About the same")
    expect(pressed(chat.page.locator(".verdict"), "About the same")).to_be_visible()
    other.page.close()


def looks_right(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert axe.check(page) == []
    assert not page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)


def rank_them(page: Page, answer: Locator) -> None:
    answer.get_by_role("link", name="Side by side").press("Enter")
    expect(page.get_by_role("heading", name="Rank 2 answers")).to_be_visible()
    place = page.get_by_role("group", name="Place of answer 2")
    place.get_by_label("2").press("Space")
    assert axe.check(page) == []
    page.get_by_role("button", name="Store ranking").press("Enter")
    expect(page.get_by_text("Your ranking is stored.")).to_be_visible()
    expect(pressed(page.locator(".verdict"), "This one")).to_be_visible()
