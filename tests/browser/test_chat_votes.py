"""Voting in the chat, by keyboard: what it shares is said once, and it stays pressed."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import axe
from tests.browser.chat_page import ChatPage
from tests.browser.conftest import DESKTOP, PHONE
from tests.processes import Chatter
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL
from tests.tiny_rewards import build_reward

pytestmark = pytest.mark.browser
LONG_LOAD = 90_000  # the engine reads PEFT at its first score
FILED = f"""
import django; django.setup()
from training.models import ModelVersion
base = ModelVersion.objects.create(name="{TINY_MODEL}", source="folder", path="models/tiny")
ModelVersion.objects.create(
    name="taste", kind="reward", source="run", base=base, parent=base, path="rewards/taste"
)
"""


def pressed(place: Locator, name: str) -> Locator:
    return place.get_by_role("button", name=name, exact=True, pressed=True)


def press(place: Locator, name: str) -> None:
    """By keyboard: the focus stays on the button when the votes are drawn anew."""
    button = place.get_by_role("button", name=name, exact=True)
    button.focus()
    button.press("Enter")


@pytest.fixture
def judge(engine: RunningSite, chat_site: RunningSite) -> str:
    """A reward model over the tiny one, in the engine's folder and the site's registry."""
    build_reward(engine.data_dir / "models" / TINY_MODEL, engine.data_dir / "rewards" / "taste")
    chat_site.python("-c", FILED)
    return "taste"


def test_answers_are_rated_compared_and_ranked(
    chat: ChatPage, chatter: Chatter, judge: str
) -> None:
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
    score_them(page, chat.answer, judge)
    looks_right(page)
    rank_them(page, chat.answer)


def score_them(page: Page, answer: Locator, judge: str) -> None:
    """The reward lens is switched on once, and says whether it agrees with the vote."""
    page.get_by_role("button", name="Settings", exact=True).press("Enter")
    page.get_by_label("Reward model", exact=True).select_option(judge)
    expect(page.get_by_text("scores your answers, here and in every")).to_be_visible()
    scores = answer.get_by_role("group", name="Scores by taste")
    expect(scores).to_contain_text("answer 2", timeout=LONG_LOAD)
    expect(scores.locator(".badge")).to_have_text("You put none of them above another")
    page.get_by_role("button", name="Close settings").press("Enter")


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
