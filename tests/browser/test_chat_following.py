"""The answer belongs to the server: any tab follows it, and none of them can lose it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chat_page import PATIENCE_MS, ChatPage
from tests.processes import Chatter
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser


def test_a_reload_in_mid_answer_loses_and_repeats_nothing(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Tell me everything.")
    chat.open(f"{chatter.path}/")
    seen = [chat.wait_for_text()]
    for _ in range(3):
        chat.page.reload()
        seen.append(chat.wait_for_text())
    whole = chat.stop()
    assert whole == chatter.text_of(answer)
    assert [len(text) for text in seen] == sorted(len(text) for text in seen)
    assert all(whole.startswith(text) for text in seen)


def test_a_second_tab_and_a_second_device_follow_the_same_answer(
    chat: ChatPage, chatter: Chatter, chat_site: RunningSite, browser: Browser
) -> None:
    chatter.send("First", max_tokens="5")
    tab = chat.another_tab().open(f"{chatter.path}/")
    elsewhere = browser.new_context()
    elsewhere.add_cookies([chat_site.session_cookie("owner")])  # type: ignore[list-item]
    device = ChatPage(elsewhere.new_page(), chat_site).open(f"{chatter.path}/")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    chat.set(Max_new_tokens="3000")
    chat.say("Follow me")
    for page in (chat, tab, device):
        expect(page.asked).to_have_text("Follow me")
        page.wait_for_text()
    device.stop()
    texts = {page.wait_for_end() for page in (chat, tab, device)}
    elsewhere.close()
    assert len(texts) == 1


def test_a_closed_tab_does_not_end_the_answer(chat: ChatPage, chatter: Chatter) -> None:
    tab = chat.another_tab().open()
    tab.say("I leave")
    seen, path = tab.wait_for_text(), tab.path
    tab.page.close()
    chat.open(path)
    whole = chat.wait_for_end()
    assert whole.startswith(seen)
    assert len(whole) == 512


def test_a_page_that_was_offline_catches_up(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Tell me everything.", max_tokens="200")
    chat.open(f"{chatter.path}/")
    seen = chat.wait_for_text()
    chat.page.context.set_offline(True)
    with chatter.watch(answer) as watcher:
        assert watcher.until_end() == "done"
    chat.page.context.set_offline(False)
    whole = chat.wait_for_end()
    assert whole.startswith(seen)
    assert whole == chatter.text_of(answer)


def test_a_finished_answer_is_announced(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("Tell me everything.", max_tokens="600")
    chat.open(f"{chatter.path}/")
    expect(chat.page.locator("#announcer")).to_contain_text("Answer finished.", timeout=PATIENCE_MS)


def test_a_chosen_sibling_is_chosen_in_every_tab(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Choose", max_tokens="20")
    with chatter.watch(answer) as watcher:
        watcher.until_end()
    with chatter.watch(chatter.regenerate(answer)) as watcher:
        watcher.until_end()
    tab = chat.another_tab().open(f"{chatter.path}/")
    chat.open(f"{chatter.path}/")
    expect(tab.answer.locator(".siblings .numbers")).to_have_text("2/2")
    chat.press("Previous answer")
    for page in (chat, tab):
        expect(page.answer.locator(".siblings .numbers")).to_have_text("1/2")
