"""Files in the composer: attached, dropped, cut, removed, sent, edited."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import IN_A_CONVERSATION, ChatPage
from tests.browser.looks import looks_right
from tests.files import pdf_file

pytestmark = pytest.mark.browser

DROP = """(place, name) => {
  const carried = new DataTransfer();
  carried.items.add(new File(["Dropped words"], name, { type: "text/markdown" }));
  for (const type of ["dragover", "drop"])
    place.dispatchEvent(
      new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true }),
    );
}"""


def attach(chat: ChatPage, *files: Path) -> None:
    """With the keyboard, as far as the page has a say in it."""
    button = chat.page.locator(".composer").get_by_role("button", name="Attach")
    button.focus()
    with chat.page.expect_file_chooser() as choosing:
        button.press("Enter")
    choosing.value.set_files(list(files))


def test_files_are_attached_cut_removed_sent_and_edited(chat: ChatPage, tmp_path: Path) -> None:
    report, broken = tmp_path / "report.txt", tmp_path / "broken.pdf"
    report.write_text("A long report about foxes. " * 400)
    broken.write_bytes(pdf_file("Page")[:150])
    composer = chat.open().page.locator(".composer")
    chat.set(Max_new_tokens="5")
    attach(chat, report, broken)
    chips = composer.locator(".file")
    expect(composer.get_by_role("alert")).to_contain_text(
        "broken.pdf was not attached. It is damaged"
    )
    expect(chips).to_contain_text("Text, 2,000 words, 10.5 KB, more than")
    expect(chat.box).to_have_value("Summarise this document.")
    expect(composer.locator(".gauge")).to_contain_text(
        re.compile(r"Of report.txt, the first [\d,]+ of 2,000 words fit")
    )

    chat.page.locator(".scroller").evaluate(DROP, "dropped.md")
    expect(chips).to_have_count(2)
    expect(chat.box).to_have_value("Summarise these documents.")
    looks_right(chat.page)
    chat.page.reload()
    expect(chips).to_have_count(2)
    composer.get_by_role("button", name="Remove dropped.md").press("Enter")
    expect(chips).to_have_count(1)
    expect(composer.get_by_role("button", name="Attach")).to_be_focused()

    chat.set(Max_new_tokens="5")
    chat.box.fill("What is it about?")
    chat.box.press("Enter")
    chat.page.wait_for_url(IN_A_CONVERSATION)
    chat.wait_for_end()
    expect(chips).to_have_count(0)
    card = chat.page.locator(".turn.user .file").last
    expect(card).to_contain_text("of 2,000 words were sent; the rest does not fit")
    card.get_by_role("link", name="report.txt").press("Enter")
    expect(chat.page.get_by_text("Cut here: the rest was not sent")).to_be_visible()
    looks_right(chat.page)
    chat.page.go_back()

    asked = chat.page.locator(".turn.user")
    asked.get_by_role("button", name="Edit").click()
    expect(asked.locator(".file")).to_contain_text("report.txt")
    asked.get_by_role("textbox", name="Message").fill("Who wrote it?")
    asked.get_by_role("button", name="Send").click()
    expect(chat.asked).to_have_text("Who wrote it?")
    chat.wait_for_end()
    expect(card).to_contain_text("words were sent")


def test_a_files_text_fills_a_field_of_a_template(chat: ChatPage, tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("Ann: Hello. Bob: Hello.")
    chat.open()
    chat.page.get_by_role("button", name="Summarise a dialogue").click()
    with chat.page.expect_file_chooser() as choosing:
        chat.page.get_by_role("button", name=re.compile("Put a file's text here")).press("Enter")
    choosing.value.set_files(tmp_path / "talk.txt")
    expect(chat.page.locator(".composer textarea").first).to_have_value("Ann: Hello. Bob: Hello.")
