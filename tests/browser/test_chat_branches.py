"""The tree of a conversation, as a person handles it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.processes import Chatter

pytestmark = pytest.mark.browser


def more(chat: ChatPage, act: str) -> None:
    """An act from the menu of the newest answer."""
    chat.press("More for this message")
    chat.answer.get_by_role("button", name=act).click()


def test_an_edited_prompt_stands_beside_the_first_one(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("First wording", max_tokens="5")
    chat.open(f"{chatter.path}/")
    first = chat.wait_for_end()
    asked = chat.page.locator(".turn.user")
    asked.get_by_role("button", name="Edit").click()
    asked.get_by_role("textbox", name="Message").fill("Second wording")
    asked.get_by_role("button", name="Send").click()
    expect(chat.asked).to_have_text("Second wording")
    chat.wait_for_end()
    asked.get_by_role("button", name="Previous wording").click()
    expect(chat.asked).to_have_text("First wording")
    assert chat.wait_for_end() == first


def test_editing_can_be_given_up(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("As it was", max_tokens="5")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    chat.page.locator(".turn.user").get_by_role("button", name="Edit").click()
    chat.page.locator(".turn.user").get_by_role("button", name="Cancel").click()
    expect(chat.asked).to_have_text("As it was")


def test_deleting_a_branch_asks_first(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Once", max_tokens="5")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    for choice, left in (("Cancel", 1), ("Delete", 0)):
        more(chat, "Delete this branch")
        chat.page.get_by_role("dialog").get_by_role("button", name=choice).click()
        expect(chat.page.locator(f"#m{answer}")).to_have_count(left)
    expect(chat.asked).to_have_text("Once")


def test_a_fork_is_a_conversation_of_its_own(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("Fork me", max_tokens="5")
    chat.open(f"{chatter.path}/")
    text, path = chat.wait_for_end(), chat.path
    more(chat, "Fork into a new conversation")
    expect(chat.page).to_have_title(re.compile(r"Fork me \(fork\)"))
    assert chat.path != path
    assert chat.wait_for_end() == text
