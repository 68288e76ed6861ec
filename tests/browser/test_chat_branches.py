"""The tree of a conversation, as a person handles it: by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.looks import looks_right
from tests.processes import Chatter

pytestmark = pytest.mark.browser


def more(chat: ChatPage, act: str) -> None:
    """An act from the menu of the newest answer."""
    chat.answer.get_by_role("button", name="More for this message").press("Enter")
    chat.answer.get_by_role("button", name=act).press("Enter")


def test_an_edited_prompt_stands_beside_the_first_one(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("First wording", max_tokens="5")
    chat.open(f"{chatter.path}/")
    first = chat.wait_for_end()
    asked = chat.page.locator(".turn.user")
    asked.get_by_role("button", name="Edit").press("Enter")
    asked.get_by_role("textbox", name="Message").fill("Second wording")
    asked.get_by_role("button", name="Send").press("Enter")
    expect(chat.asked).to_have_text("Second wording")
    chat.wait_for_end()
    asked.get_by_role("button", name="Previous wording").press("Enter")
    expect(chat.asked).to_have_text("First wording")
    assert chat.wait_for_end() == first


def test_editing_can_be_given_up(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("As it was", max_tokens="5")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    asked = chat.page.locator(".turn.user")
    asked.get_by_role("button", name="Edit").press("Enter")
    expect(asked.get_by_role("textbox", name="Message")).to_be_focused()
    asked.get_by_role("button", name="Cancel").press("Enter")
    expect(chat.asked).to_have_text("As it was")


def test_deleting_a_branch_asks_first(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Once", max_tokens="5")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    for choice, left in (("Cancel", 1), ("Delete", 0)):
        more(chat, "Delete this branch")
        dialog = chat.page.get_by_role("dialog")
        if choice == "Cancel":
            looks_right(chat.page)
        dialog.get_by_role("button", name=choice).press("Enter")
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
