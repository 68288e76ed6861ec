"""The chat as a person handles it: what they press, and what they look at."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.processes import PATIENCE_SECONDS
from tests.running_site import RunningSite

PATIENCE_MS = PATIENCE_SECONDS * 1000
expect.set_options(timeout=30_000)
IN_A_CONVERSATION = re.compile(r"/c/[0-9a-f-]{36}/$")


@dataclass
class ChatPage:
    page: Page
    site: RunningSite

    def open(self, path: str = "/chat/") -> "ChatPage":
        self.page.goto(self.site.url + path)
        return self

    def another_tab(self) -> "ChatPage":
        return ChatPage(self.page.context.new_page(), self.site)

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site.url)

    # What is there

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def answer(self) -> Locator:
        """The newest answer on the open branch."""
        return self.page.locator(".turn.assistant").last

    @property
    def asked(self) -> Locator:
        return self.page.locator(".turn.user .said").last

    @property
    def thread(self) -> Locator:
        return self.page.locator("#thread")

    @property
    def refused(self) -> Locator:
        return self.page.locator("#refused")

    def written(self) -> str:
        """What can be read of the newest answer while it is being written."""
        return self.answer.locator(".said").text_content() or ""

    def text(self) -> str:
        """The whole text of the newest answer, once it has ended."""
        copied = self.answer.get_by_role("button", name="Copy", exact=True)
        return copied.get_attribute("data-copy") or ""

    # What a person does

    def say(self, text: str) -> None:
        """Write it and press Enter; a first message leads to the conversation's page."""
        self.page.wait_for_load_state()
        self.box.fill(text)
        self.box.press("Enter")
        self.page.wait_for_url(IN_A_CONVERSATION)
        expect(self.asked).to_have_text(text)

    def press(self, name: str) -> None:
        self.answer.get_by_role("button", name=name, exact=True).click()

    def stop(self) -> str:
        """Stop the answer that is being written; its text."""
        self.answer.locator(".stop").click()
        return self.wait_for_end()

    def wait_for_text(self) -> str:
        """Until a piece of the answer is there: in the middle of it."""
        expect(self.answer.locator(".live")).to_have_text(re.compile(r".{10}"), timeout=PATIENCE_MS)
        return self.written()

    def wait_for_end(self) -> str:
        """Until the newest answer has ended; its text."""
        regenerate = self.answer.get_by_role("button", name="Regenerate")
        expect(regenerate).to_be_visible(timeout=PATIENCE_MS)
        return self.text()

    def set(self, **values: str) -> None:
        """Fill in settings by their labels (with _ for spaces), opening the panel for it."""
        self.page.wait_for_load_state()
        panel = self.page.get_by_role("complementary", name="Settings")
        if not panel.is_visible():
            self.page.locator(".stage-head").get_by_role("button", name="Settings").click()
        for name, value in values.items():
            panel.get_by_label(name.replace("_", " "), exact=True).fill(value)
