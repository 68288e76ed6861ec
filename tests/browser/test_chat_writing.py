"""Writing, stopping, continuing and choosing among answers, as a person does it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import IN_A_CONVERSATION, PATIENCE_MS, ChatPage
from tests.processes import Chatter
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser

LONG = "3000"


def test_enter_sends_shift_enter_breaks_esc_stops_and_up_brings_it_back(chat: ChatPage) -> None:
    chat.open()
    expect(chat.box).to_be_focused()
    chat.set(Max_new_tokens=LONG)
    chat.box.press_sequentially("one")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("two")
    chat.box.press("Enter")
    expect(chat.asked).to_have_text("one\ntwo", use_inner_text=True)
    expect(chat.box).to_have_value("")
    chat.wait_for_text()
    chat.page.keyboard.press("Escape")
    chat.wait_for_end()
    expect(chat.answer.locator(".facts")).to_contain_text("stopped by you")
    chat.box.press("ArrowUp")
    expect(chat.box).to_have_value("one\ntwo")


def test_enter_pressed_twice_sends_once(chat: ChatPage) -> None:
    chat.open()
    chat.set(Max_new_tokens=LONG)
    conversations = chat.page.locator("#conversations a")
    before = conversations.count()
    chat.box.fill("Only once")
    chat.box.evaluate(
        """box => [1, 2, 3].forEach(() => box.dispatchEvent(
             new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true })))"""
    )
    chat.page.wait_for_url(IN_A_CONVERSATION)
    chat.stop()
    chat.page.reload()
    expect(conversations).to_have_count(before + 1)
    expect(chat.page.locator(".turn.user")).to_have_count(1)


def test_a_message_waits_until_the_answer_before_it_has_ended(chat: ChatPage) -> None:
    chat.open()
    chat.set(Max_new_tokens=LONG)
    chat.say("First")
    chat.wait_for_text()
    chat.box.fill("Second")
    chat.box.press("Enter")
    expect(chat.refused).to_contain_text("still being written")
    expect(chat.box).to_have_value("Second")
    chat.stop()
    chat.box.press("Enter")
    expect(chat.asked).to_have_text("Second")
    chat.wait_for_text()
    chat.stop()


def test_a_draft_survives_a_reload(chat: ChatPage) -> None:
    chat.open()
    chat.box.fill("Not sent yet")
    chat.page.reload()
    expect(chat.box).to_have_value("Not sent yet")


def test_an_answer_that_was_cut_can_be_continued(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Go on", max_tokens="30")
    chat.open(f"{chatter.path}/")
    cut = chat.wait_for_end()
    assert len(cut) == 30
    expect(chat.answer.locator(".facts")).to_contain_text("cut at max new tokens")
    chat.press("Continue")
    expect(chat.answer.get_by_role("button", name="Copy", exact=True)).not_to_have_attribute(
        "data-copy", cut, timeout=PATIENCE_MS
    )
    whole = chat.wait_for_end()
    assert len(whole) == 60
    assert whole.startswith(cut)
    assert whole == chatter.text_of(answer)


def test_a_regenerated_answer_is_a_sibling_of_the_first(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("Choose", decoding="sampling", temperature="1.5", max_tokens="30")
    chat.open(f"{chatter.path}/")
    first = chat.wait_for_end()
    chat.press("Regenerate")
    siblings = chat.answer.locator(".siblings .numbers")
    expect(siblings).to_have_text("2/2", timeout=PATIENCE_MS)
    second = chat.wait_for_end()
    assert second != first
    chat.press("Previous answer")
    expect(siblings).to_have_text("1/2")
    assert chat.text() == first
    chat.page.reload()
    expect(siblings).to_have_text("1/2")
    chat.press("Next answer")
    expect(siblings).to_have_text("2/2")
    assert chat.text() == second


def test_a_place_in_line_is_shown_while_the_engine_is_busy(
    chat: ChatPage, chatter: Chatter, chat_site: RunningSite
) -> None:
    running = chatter.send("First come")
    with chatter.watch(running) as watcher:
        watcher.until_writing()
        chat.open()
        chat.set(Max_new_tokens=LONG)
        chat.say("Then me")
        expect(chat.answer.locator(".state")).to_have_text("Waiting, number 1 in line")
        chatter.stop(running)
        chat.wait_for_text()
    chat.stop()


def test_a_busy_engine_with_a_full_queue_says_so(chat: ChatPage, chatter: Chatter) -> None:
    other = Chatter(chatter.site, chatter.client)
    running = chatter.send("First come")
    with chatter.watch(running) as watcher:
        watcher.until_writing()
        waiting = other.send("Then me")
        with other.watch(waiting) as line:
            line.until("a place in line", lambda w: w.position == 1)
        chat.open()
        chat.say("And me")
        expect(chat.answer.get_by_role("alert")).to_contain_text("is busy")
        other.stop(waiting)
        chatter.stop(running)


def test_the_gauge_counts_the_prompt_and_shows_it_exactly(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("Hello", model=TINY_MODEL, max_tokens="5")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    chat.box.press_sequentially("How long am I?")
    gauge = chat.page.locator("#gauge")
    expect(gauge.get_by_role("meter")).to_be_visible()
    expect(gauge).to_contain_text(re.compile(r"\d+ of \d+ tokens for the prompt"))
    gauge.get_by_text("Exact prompt").click()
    expect(gauge.get_by_label("Exact prompt")).to_contain_text(
        "<|im_start|>user\nHow long am I?<|im_end|>\n<|im_start|>assistant\n", use_inner_text=True
    )


def test_a_conversation_that_outgrows_the_window_says_what_was_left_out(
    chat: ChatPage, chatter: Chatter
) -> None:
    for number in range(3):
        answer = chatter.send(f"{number} " + "x" * 120, model=TINY_MODEL, max_tokens="100")
        with chatter.watch(answer) as watcher:
            watcher.until_end()
    chat.open(f"{chatter.path}/")
    expect(chat.answer).to_contain_text("has outgrown the model's window")
    chat.press("Show which")
    left_out = chat.answer.get_by_role("region", name="What was sent").get_by_role("list")
    expect(left_out).to_contain_text("0 xxx")
    expect(left_out).not_to_contain_text("2 xxx")


@pytest.mark.parametrize("size", [1_000_000, 1_300_000, 4_000_000])
def test_a_paste_that_is_too_long_is_refused_and_kept(chat: ChatPage, size: int) -> None:
    chat.open()
    pasted = ("0123456789abcde " * (size // 16 + 1))[:size]
    chat.box.fill(pasted)
    chat.page.get_by_role("button", name="Send").click()
    expect(chat.refused.get_by_role("alert")).to_contain_text("Shorten it", timeout=PATIENCE_MS)
    assert chat.box.input_value() == pasted
    expect(chat.page.locator(".turn")).to_have_count(0)


def test_a_setting_out_of_range_is_refused_in_a_sentence(chat: ChatPage) -> None:
    chat.open()
    chat.set(Temperature="77")
    chat.box.fill("Too hot")
    chat.box.press("Enter")
    expect(chat.refused).to_contain_text("Temperature")
    expect(chat.box).to_have_value("Too hot")
