"""Chromium and a running site. Both end with this folder's tests, before any other event loop."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from scripts.system_packages import find_chromium
from tests.browser.chat_page import ChatPage
from tests.processes import TALKER, Chatter, site_on, wait_until_idle
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

QUIET = [
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)


def chromium() -> str:
    """The system's Chromium. Without one these tests are skipped, but fail under CI."""
    found = find_chromium()
    if found is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("Chromium was not found. Install it: apt-get install chromium")
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A web process without an engine, shared by the tests of pages that ask no model."""
    running = new_site(tmp_path_factory.mktemp("site"))
    yield running
    running.close()


@pytest.fixture
def lone_site(tmp_path: Path) -> Iterator[RunningSite]:
    """A site for one test, which may kill its processes or need its first visit."""
    running = new_site(tmp_path)
    yield running
    running.close()


def new_site(folder: Path) -> RunningSite:
    running = RunningSite(folder, settings={"DEFAULT_MODEL": TINY_MODEL})
    running.prepare()
    running.start_web()
    return running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of nobody's; `context.add_cookies([site.session_cookie("owner")])` signs in."""
    opened = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test when the browser refused or a script broke something."""
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: complaints.append(message.text) if is_complaint(message.text) else None,
    )
    yield opened
    assert complaints == []


def is_complaint(text: str) -> bool:
    return "Content Security Policy" in text or "Content-Security-Policy" in text


@pytest.fixture
def owner_page(page: Page, site: RunningSite) -> Page:
    page.context.add_cookies([site.session_cookie("owner")])  # type: ignore[list-item]
    return page


@pytest.fixture(scope="package")
def chat_site(
    engine: RunningSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A site with people and an engine whose default model is slow enough to be watched."""
    running = site_on(engine, tmp_path_factory.mktemp("chat"), DEFAULT_MODEL=TALKER)
    yield running
    running.close()


@pytest.fixture
def chatter(chat_site: RunningSite) -> Chatter:
    """The owner without a browser, to begin what a page then shows."""
    return Chatter(chat_site, chat_site.owner())


@pytest.fixture
def chat(page: Page, chat_site: RunningSite, engine: RunningSite) -> Iterator[ChatPage]:
    """The owner's browser; what it left running is stopped at the end."""
    page.context.add_cookies([chat_site.session_cookie("owner")])  # type: ignore[list-item]
    yield ChatPage(page, chat_site)
    wait_until_idle(engine)
