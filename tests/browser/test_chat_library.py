"""The list of conversations: naming, pinning, finding, deleting, exporting and importing."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.chat_page import IN_A_CONVERSATION, ChatPage
from tests.browser.looks import looks_right
from tests.processes import Chatter

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(chat: ChatPage, chatter: Chatter) -> ChatPage:
    """A conversation with one answer."""
    chatter.send("Zebras and quaggas", max_tokens="5")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    return chat


def listed(chat: ChatPage) -> Locator:
    return chat.page.get_by_role("navigation", name="Conversations").get_by_role("listitem")


def from_the_menu(chat: ChatPage, name: str) -> None:
    chat.page.get_by_role("button", name="More for this conversation").click()
    chat.page.get_by_role("button", name=name, exact=True).click()


def test_a_new_name_is_kept_and_listed(opened: ChatPage) -> None:
    name = opened.page.get_by_label("Conversation name")
    expect(name).to_have_value("Zebras and quaggas")
    name.fill("Striped <b>animals</b>")
    name.press("Enter")
    expect(listed(opened).first).to_contain_text("Striped <b>animals</b>")
    opened.page.reload()
    expect(name).to_have_value("Striped <b>animals</b>")


def test_a_pinned_conversation_stays_on_top(opened: ChatPage, chatter: Chatter) -> None:
    from_the_menu(opened, "Pin")
    expect(listed(opened).first).to_contain_text("Pinned: Zebras", use_inner_text=True)
    newer = Chatter(chatter.site, chatter.client)
    newer.send("Newer", max_tokens="5")
    opened.page.reload()
    expect(listed(opened).first).to_contain_text("Zebras")
    from_the_menu(opened, "Unpin")
    expect(listed(opened).first).to_contain_text("Newer")


def test_a_search_finds_words_in_titles_and_messages(opened: ChatPage, chatter: Chatter) -> None:
    search = opened.page.get_by_role("searchbox", name="Search conversations")
    other = Chatter(chatter.site, chatter.client)
    other.send("Something else\nwith an okapi in it", max_tokens="5")
    search.fill("OKAPI")
    expect(listed(opened)).to_have_count(1)
    expect(listed(opened)).to_contain_text("Something else")
    search.fill("100% no_such <word>")
    expect(listed(opened)).to_have_text("Nothing has these words.")


def test_a_deleted_conversation_can_be_brought_back(opened: ChatPage) -> None:
    before, path = listed(opened).count(), opened.path
    answer = opened.text()
    from_the_menu(opened, "Delete")
    expect(listed(opened)).to_have_count(before - 1)
    opened.page.get_by_role("button", name="Undo").click()
    opened.page.wait_for_url(f"**{path}")
    assert opened.text() == answer


def test_an_export_is_imported_and_a_wrong_row_is_named(opened: ChatPage, tmp_path: Path) -> None:
    page, answer, path = opened.page, opened.text(), opened.path
    page.get_by_role("button", name="More for this conversation").press("Enter")
    with page.expect_download() as exported:
        page.get_by_role("link", name="Export as JSON").press("Enter")
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"messages": [{"role": "user", "content": "Fine"}]}\n{"messages": 3}\n')
    opened.open("/conversations/import/")
    for file in (wrong, exported.value.path()):
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("button", name="Import").press("Enter")
        if file is wrong:
            expect(page.get_by_role("alert")).to_contain_text("Row 2:")
            looks_right(page)
    page.wait_for_url(IN_A_CONVERSATION)
    assert opened.path != path
    assert opened.wait_for_end() == answer
