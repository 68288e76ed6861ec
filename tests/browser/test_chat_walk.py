"""The whole walk with the real default model, from the first visit to a preset that persists."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from llmkit.modelstore import CHAT_MODEL
from tests.browser.chat_page import PATIENCE_MS, ChatPage
from tests.processes import site_on, wait_until_idle
from tests.real_models import need
from tests.running_site import PASSWORD, RunningSite

pytestmark = [pytest.mark.browser, pytest.mark.real_model]

STORY = "Write a long story about a fox who learns to read."


@pytest.fixture
def walk(engine: RunningSite, tmp_path: Path, page: Page) -> Iterator[ChatPage]:
    """A site that nobody has visited, whose engine serves the default model."""
    folder = need(CHAT_MODEL, settings.MODELS_DIR / CHAT_MODEL.name)
    served = engine.data_dir / "models" / CHAT_MODEL.name
    served.symlink_to(folder)
    running = site_on(engine, tmp_path, DEFAULT_MODEL=CHAT_MODEL.name)
    yield ChatPage(page, running)
    running.close()
    wait_until_idle(engine, CHAT_MODEL.name)
    served.unlink()


def stored_answers(site: RunningSite) -> list[str]:
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3")) as database:
        found = database.execute("SELECT text FROM chat_message WHERE role = 'assistant'")
        return [text for (text,) in found]


def test_from_the_first_visit_to_a_preset(walk: ChatPage) -> None:
    make_an_account(walk)
    chat_with_the_default_model(walk)
    stop_and_regenerate(walk)
    reload_in_mid_answer(walk)
    use_a_template_with_two_shots(walk)
    keep_a_preset(walk)


def make_an_account(walk: ChatPage) -> None:
    walk.open()
    walk.page.get_by_label("User name").fill("ada")
    walk.page.get_by_label("Password", exact=True).fill(PASSWORD)
    walk.page.get_by_label("Password again").fill(PASSWORD)
    walk.page.get_by_role("button", name="Make the account").click()
    walk.page.get_by_role("button", name="New conversation").click()
    expect(walk.box).to_be_visible()


def chat_with_the_default_model(walk: ChatPage) -> None:
    walk.set(Max_new_tokens="40")
    walk.page.get_by_role("radio", name="Greedy").check()
    walk.say("What is the capital of France?")
    assert "Paris" in walk.wait_for_end()
    facts = walk.answer.locator(".facts")
    expect(facts.get_by_role("term").first).to_be_hidden()
    facts.locator("summary").click()
    for fact in (CHAT_MODEL.name, "tokens/s", "greedy"):
        expect(facts).to_contain_text(fact)


def stop_and_regenerate(walk: ChatPage) -> None:
    walk.set(Max_new_tokens="400")
    walk.page.get_by_role("radio", name="Sampling").check()
    walk.say(STORY)
    walk.wait_for_text()
    stopped = walk.stop()
    expect(walk.answer.locator(".facts")).to_contain_text("stopped by you")
    assert stopped in stored_answers(walk.site)
    walk.press("Regenerate")
    expect(walk.answer.locator(".live")).to_be_attached()


def reload_in_mid_answer(walk: ChatPage) -> None:
    before = walk.wait_for_text()
    walk.page.reload()
    after = walk.wait_for_text()
    expect(walk.answer.locator(".stop")).to_be_visible()
    whole = walk.stop()
    expect(walk.answer.locator(".siblings .numbers")).to_have_text("2/2")
    assert stored_answers(walk.site)[-1] == whole
    assert whole.startswith(before)
    assert whole.startswith(after)


def use_a_template_with_two_shots(walk: ChatPage) -> None:
    page = walk.page
    page.get_by_role("combobox", name="Template").select_option(label="Classify sentiment")
    page.get_by_role("spinbutton", name="Shots").fill("2")
    page.locator(".composer-fields").get_by_role("textbox").first.fill("I love this walk.")
    page.get_by_text("Exact prompt").click()
    expect(page.get_by_label("Exact prompt")).to_contain_text("I love this walk.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".turn.user").last).to_contain_text(re.compile("Classify.* · 2 shots"))
    expect(walk.answer.get_by_role("button", name="Regenerate")).to_be_visible(timeout=PATIENCE_MS)
    assert walk.wait_for_end()
    walk.answer.locator(".facts summary").click()
    walk.press("Show the prompt that was sent")
    sent = walk.answer.get_by_role("region", name="What was sent")
    expect(sent.get_by_text("assistant", exact=True)).to_have_count(2)
    expect(sent).to_contain_text("I love this walk.")


def keep_a_preset(walk: ChatPage) -> None:
    walk.set(Temperature="0.77", Preset_name="Warm")
    walk.page.get_by_role("button", name="Save preset").click()
    expect(walk.page.get_by_text("Preset “Warm” saved.")).to_be_visible()
    walk.open()
    expect(walk.page.locator("#chips")).not_to_contain_text("0.77")
    walk.set()
    walk.page.get_by_role("button", name="Warm", exact=True).click()
    expect(walk.page.locator("#chips")).to_contain_text("temperature 0.77")
    expect(walk.page.get_by_role("spinbutton", name="Temperature")).to_have_value("0.77")
