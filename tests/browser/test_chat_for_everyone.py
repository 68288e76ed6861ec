"""The chat without a mouse, on a phone, in the dark, read aloud, and with hostile text."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import axe
from tests.browser.chat_page import PATIENCE_MS, ChatPage
from tests.browser.conftest import DESKTOP, PHONE
from tests.processes import Chatter
from tests.running_site import DATABASE, PASSWORD, RunningSite

pytestmark = pytest.mark.browser

AROUND = (
    "/",
    "/chat/",
    "/conversations/import/",
    "/templates/",
    "/templates/new",
    "/templates/1/",
    "/templates/1/history",
)

HOSTILE = """<script>document.title = 1</script>
<img src=x onerror="document.title = 2">
![picture](https://evil.example/pixel.png) [press](javascript:document.title=3)
<a href="javascript:document.title=3">press</a> <style>body { display: none }</style>
"quotes" 'and' &amp; <article class="turn" data-live>

```python
print("</code></pre><script>document.title = 2</script>")
```

| a | b |
|---|---|
| 1 | <iframe src="https://evil.example"></iframe> |
"""


@pytest.fixture
def hostile(chatter: Chatter) -> Chatter:
    """A conversation in which both sides wrote hostile text."""
    answer = chatter.send(HOSTILE, max_tokens="5")
    with chatter.watch(answer) as watcher:
        watcher.until_end()
    with closing(sqlite3.connect(chatter.site.data_dir / DATABASE)) as database, database:
        database.execute("UPDATE chat_message SET text = ? WHERE id = ?", [HOSTILE, answer])
    return chatter


def test_hostile_text_stays_text(chat: ChatPage, hostile: Chatter) -> None:
    asked_elsewhere: list[str] = []
    chat.page.on("request", lambda request: asked_elsewhere.append(request.url))
    chat.open(f"{hostile.path}/")
    expect(chat.asked).to_contain_text("<script>document.title")
    expect(chat.answer.locator(".said")).to_contain_text("<img src=x onerror")
    expect(chat.thread.locator("script, img, iframe, style, [onerror]")).to_have_count(0)
    expect(chat.thread.locator("[href^=javascript]")).to_have_count(0)
    expect(chat.thread.locator(".turn")).to_have_count(2)
    expect(chat.answer.locator("table")).to_be_visible()
    for link in chat.answer.get_by_role("link").all():
        link.click()
    assert "<script>document.title = 1</script>" in chat.page.title()
    assert chat.text().strip() == HOSTILE.strip()
    assert [url for url in asked_elsewhere if not url.startswith(hostile.site.url)] == []


def test_a_hostile_search_and_title_stay_text(chat: ChatPage, hostile: Chatter) -> None:
    chat.open(f"/chat/?q={quote(HOSTILE)}")
    expect(chat.page.locator("main").locator("script, img, iframe")).to_have_count(0)
    assert "New conversation" in chat.page.title()


def test_from_signing_in_to_an_answer_by_keyboard_alone(page: Page, chat_site: RunningSite) -> None:
    chat_site.owner()
    chat = ChatPage(page, chat_site).open()
    keyboard = page.keyboard
    page.get_by_label("User name").focus()
    keyboard.type("owner")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(chat.box).to_be_focused()
    page.wait_for_load_state()
    keyboard.type("No mouse here")
    keyboard.press("Enter")
    chat.wait_for_text()
    expect(chat.box).to_be_focused()
    keyboard.press("Escape")
    chat.wait_for_end()
    focus_by_tab(page, "Regenerate", "Shift+Tab")
    keyboard.press("Enter")
    expect(chat.answer.locator(".siblings .numbers")).to_have_text("2/2", timeout=PATIENCE_MS)
    keyboard.press("Escape")
    chat.wait_for_end()


def focus_by_tab(page: Page, name: str, key: str) -> None:
    """Walk through what can be focused until it is the button of that name."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement.textContent").strip() == name:
            return
    raise AssertionError(f"{name} can't be reached by {key}")


@pytest.fixture(params=[("light", PHONE), ("dark", DESKTOP)], ids=["light phone", "dark desktop"])
def look(
    request: pytest.FixtureRequest, browser: Browser, chat_site: RunningSite
) -> Iterator[ChatPage]:
    scheme, size = request.param
    context = browser.new_context(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    context.add_cookies([chat_site.session_cookie("owner")])  # type: ignore[list-item]
    yield ChatPage(context.new_page(), chat_site)
    context.close()


def check(look: ChatPage, what: str) -> None:
    """Nothing that axe-core finds, and nothing that scrolls sideways."""
    assert axe.check(look.page) == [], what
    wide, room = look.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room, what


def test_a_conversation_is_accessible_and_fits(look: ChatPage, hostile: Chatter) -> None:
    look.open(f"{hostile.path}/")
    expect(look.answer.locator("table")).to_be_visible()
    check(look, "a conversation")
    look.answer.locator(".facts summary").click()
    look.press("Show the prompt that was sent")
    expect(look.answer.get_by_role("region", name="What was sent")).to_be_visible()
    check(look, "the facts and the prompt of an answer")
    look.box.fill("word " * 200)
    expect(look.page.locator("#gauge").get_by_text("Exact prompt")).to_be_visible()
    check(look, "the gauge")
    look.page.locator(".turn.user").first.get_by_role("button", name="Edit").click()
    expect(look.page.locator(".editor")).to_be_visible()
    check(look, "editing a prompt")
    look.set()
    check(look, "the settings")


def test_an_answer_being_written_is_accessible_and_fits(look: ChatPage, chatter: Chatter) -> None:
    chatter.send("Go on")
    look.open(f"{chatter.path}/")
    look.wait_for_text()
    check(look, "an answer being written")
    look.stop()


def test_the_pages_around_are_accessible_and_fit(look: ChatPage) -> None:
    for path in AROUND:
        look.open(path)
        check(look, path)
    look.open()
    look.page.get_by_role("button", name="Summarise a dialogue").click()
    expect(look.page.get_by_label("Shots")).to_be_visible()
    check(look, "a template in the composer")


def test_the_list_opens_over_a_small_screen(browser: Browser, chatter: Chatter) -> None:
    context = browser.new_context(viewport=PHONE)
    context.add_cookies([chatter.site.session_cookie("owner")])  # type: ignore[list-item]
    chatter.send("On a phone", max_tokens="5")
    page = context.new_page()
    ChatPage(page, chatter.site).open()
    page.locator(".stage-head").get_by_role("button", name="Conversations").click()
    page.get_by_role("link", name="On a phone").first.click()
    page.wait_for_url(re.compile(r"/c/"))
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    context.close()
