"""Side by side and the shot ladder as a person handles them, by keyboard where they would."""

import re

from playwright.sync_api import Locator, Page, expect

from tests import axe
from tests.browser.chat_page import IN_A_CONVERSATION, PATIENCE_MS, ChatPage
from tests.browser.conftest import PHONE
from tests.browser.looks import looks_right
from tests.processes import TALKER
from tests.tiny_model import TINY_MODEL

COMPARING = re.compile(r"/compare/[0-9a-f-]{36}/$")
WRITTEN = re.compile(r".{10}")
QUESTION = "Tell me about foxes"


def columns(page: Page) -> Locator:
    return page.locator(".column")


def test_two_models_stream_side_by_side_and_one_answer_is_kept(chat: ChatPage) -> None:
    page = chat.open("/compare/").page
    page.wait_for_load_state()
    expect(page.get_by_text("See what makes the difference")).to_be_visible()
    from_the_palette(page, "Compare models")
    page.wait_for_url(COMPARING)
    expect(columns(page).get_by_label("Model")).to_have_count(2)
    expect(page.get_by_role("heading", level=2)).to_have_text([TALKER, TINY_MODEL])
    change_a_setting(page)
    page.get_by_role("textbox", name="Question").fill(QUESTION)
    expect(columns(page).nth(1).locator(".size")).to_contain_text("tokens in the prompt")
    page.keyboard.press("Enter")
    talker, tiny = columns(page).nth(0), columns(page).nth(1)
    expect(talker.locator(".live")).to_have_text(WRITTEN, timeout=PATIENCE_MS)
    expect(tiny.locator(".said")).to_have_text(WRITTEN, timeout=PATIENCE_MS)
    expect(talker.locator(".turn[data-live]")).to_be_attached()
    expect(page.locator(".question .said")).to_have_text(QUESTION)
    page.reload()
    expect(talker.locator(".live")).to_have_text(WRITTEN, timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(page.locator(".turn[data-live]")).to_have_count(0, timeout=PATIENCE_MS)
    columns_look_right(page)
    keep_the_second(page)


def from_the_palette(page: Page, name: str) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Page or action").fill(name)
    page.keyboard.press("Enter")


def change_a_setting(page: Page) -> None:
    """The heading follows; what is wrong is said in that column and changes nothing."""
    first = columns(page).first
    answers = first.get_by_label("Max new tokens")
    answers.fill("0")
    answers.press("Tab")
    expect(first.locator(".refused")).to_contain_text("Max new tokens must be")
    answers.fill("3000")
    answers.press("Tab")
    expect(first.get_by_role("heading")).to_contain_text("up to 3000 tokens")
    expect(first.locator(".refused")).to_be_empty()


def keep_the_second(page: Page) -> None:
    page.keyboard.press("2")
    expect(columns(page).nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("2")
    page.wait_for_url(IN_A_CONVERSATION)
    expect(page.locator(".turn.user .said")).to_have_text(QUESTION)
    page.get_by_role("button", name="More for this conversation").click()
    page.get_by_role("link", name="Open its comparison").click()
    page.wait_for_url(COMPARING)
    expect(columns(page).nth(1)).to_contain_text("Kept")
    expect(columns(page).first.get_by_role("button", name="Keep this answer")).to_be_visible()


def columns_look_right(page: Page) -> None:
    """To axe: wide and light, then narrow and dark, where one column is in sight at a time."""
    assert axe.check(page) == []
    wide = page.viewport_size
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    page.get_by_role("navigation", name="Columns").get_by_role("link").nth(1).click()
    expect(columns(page).nth(1)).to_be_in_viewport(ratio=0.5)
    expect(columns(page).nth(0)).not_to_be_in_viewport()
    assert not page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    assert axe.check(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(wide or PHONE)


def test_a_shot_ladder_shows_its_prompts_and_what_the_shots_take(chat: ChatPage) -> None:
    page = chat.open("/templates/").page
    page.get_by_role("link", name="Classify sentiment").press("Enter")
    page.wait_for_load_state()
    page.get_by_role("textbox", name="Text").fill("The room was cold.")
    page.get_by_role("button", name="Shot ladder").press("Enter")
    expect(page.get_by_role("textbox", name="Text")).to_have_value("The room was cold.")
    page.get_by_label("Shots").fill("2")
    page.get_by_label("Model").select_option(TINY_MODEL)
    looks_right(page)
    page.get_by_role("button", name="Start the ladder").press("Enter")
    page.wait_for_url(COMPARING)
    names = page.get_by_role("heading", level=2).filter(has_text="shot")
    expect(names).to_have_text(["Zero-shot", "One-shot", "2 shots"])
    expect(page.locator(".turn[data-live]")).to_have_count(0, timeout=PATIENCE_MS)
    last = columns(page).nth(2)
    expect(last.locator(".size")).to_contain_text("of them shots")
    last.locator(".exact-prompt summary").press("Enter")
    shots = last.locator(".prompt-parts mark[data-kind='shot']")
    expect(shots).to_have_count(4)
    expect(last.locator(".prompt-parts mark[data-kind='input']")).to_contain_text(
        "Text: The room was cold."
    )
    looks_right(page)
