"""The frame and the people pages in Chromium: keys, theme, messages, and what axe-core finds."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.running_site import PASSWORD, RunningSite

pytestmark = pytest.mark.browser

PAGES = ("/", "/rehearsals/", "/people/", "/people/account/", "/no/such/page/")


@pytest.fixture
def account(owner_page: Page, site: RunningSite) -> Page:
    owner_page.goto(f"{site.url}/people/account/")
    return owner_page


def test_the_first_visit_makes_the_owner_who_then_signs_in(
    page: Page, lone_site: RunningSite
) -> None:
    page.goto(lone_site.url)
    assert axe.check(page) == []
    for label in ("Password", "Password again"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_label("User name").fill("ada")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("button", name="ada your menu").click()
    page.get_by_role("button", name="Sign out").click()
    assert axe.check(page) == []
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="ada your menu")).to_be_visible()


def test_an_invited_person_joins_with_the_copied_link(
    owner_page: Page, site: RunningSite, browser: Browser
) -> None:
    owner_page.goto(f"{site.url}/people/")
    owner_page.get_by_label("Judge answers", exact=True).check()
    owner_page.get_by_role("button", name="Make a link").click()
    link = owner_page.get_by_label("Invitation link").input_value()
    owner_page.get_by_role("button", name="Copy link").click()
    expect(owner_page.get_by_role("button", name="Copied")).to_be_visible()
    with browser.new_context() as theirs:
        joining = theirs.new_page()
        joining.goto(link)
        assert axe.check(joining) == []
        joining.get_by_label("User name").fill("lin")
        for label in ("Password", "Password again"):
            joining.get_by_label(label, exact=True).fill(PASSWORD)
        joining.get_by_role("button", name="Join").click()
        joining.goto(f"{site.url}/people/account/")
        expect(joining.get_by_text("judge answers")).to_be_visible()


def test_switching_someone_off_can_be_undone_from_the_message(
    owner_page: Page, site: RunningSite
) -> None:
    site.person("grace")
    owner_page.goto(f"{site.url}/people/")
    owner_page.get_by_role("button", name="Switch off grace").click()
    expect(owner_page.get_by_role("status").get_by_text("grace can no longer")).to_be_visible()
    owner_page.get_by_role("button", name="Undo").click()
    expect(owner_page.get_by_role("button", name="Switch off grace")).to_be_visible()


def test_revoking_asks_first_and_cancel_keeps_the_invitation(
    owner_page: Page, site: RunningSite
) -> None:
    site.post(site.owner(), "/people/invite/", page="/people/", note="For Kim", days="1")
    owner_page.goto(f"{site.url}/people/")
    owner_page.get_by_role("button", name="Revoke For Kim").click()
    owner_page.get_by_role("button", name="Cancel").click()
    expect(owner_page.get_by_role("rowheader", name="For Kim")).to_be_visible()
    owner_page.get_by_role("button", name="Revoke For Kim").click()
    owner_page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(owner_page.get_by_text("Invitation revoked")).to_be_visible()


def test_the_palette_filters_and_goes_there_by_keyboard(account: Page, site: RunningSite) -> None:
    account.keyboard.press("Control+k")
    expect(account.get_by_role("combobox", name="Page or action")).to_be_focused()
    assert axe.check(account) == []
    account.keyboard.type("peo")
    expect(account.get_by_role("option")).to_have_count(1)
    account.keyboard.press("Enter")
    account.wait_for_url(f"{site.url}/people/")


def test_the_palette_wraps_around_and_says_when_nothing_fits(account: Page) -> None:
    account.keyboard.press("Control+k")
    account.keyboard.press("ArrowUp")
    expect(account.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    account.keyboard.type("zzz")
    expect(account.get_by_text("Nothing is called that.")).to_be_visible()
    account.keyboard.press("Escape")
    expect(account.locator("#palette")).to_be_hidden()


def test_keys_go_to_places_but_not_while_typing(account: Page, site: RunningSite) -> None:
    account.get_by_label("Display name").press_sequentially("g?")
    expect(account.locator("#shortcuts")).to_be_hidden()
    account.locator("h1").click()
    account.keyboard.press("?")
    expect(account.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    account.keyboard.press("Escape")
    account.keyboard.press("g")
    account.keyboard.press("t")
    account.wait_for_url(f"{site.url}/templates/**")


def test_a_chosen_theme_is_there_before_the_page_is_read(account: Page) -> None:
    account.get_by_role("button", name="your menu").click()
    account.get_by_label("Dark").check()
    dark = account.evaluate("getComputedStyle(document.body).backgroundColor")
    account.add_init_script(
        "document.addEventListener('readystatechange', () => {"
        " window.early ??= document.documentElement.dataset.theme; })"
    )
    account.reload()
    assert account.evaluate("window.early") == "dark"
    assert account.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    account.get_by_role("button", name="your menu").click()
    expect(account.get_by_label("Dark")).to_be_checked()


def test_the_first_tab_stop_skips_to_the_content(account: Page) -> None:
    account.keyboard.press("Tab")
    expect(account.get_by_role("link", name="Skip to the content")).to_be_focused()
    account.keyboard.press("Enter")
    expect(account.locator("main")).to_be_focused()


def test_sentences_are_announced_one_after_the_other(account: Page) -> None:
    account.evaluate(
        """async () => {
          const { SentenceAnnouncer } = await import("/static/js/live.js");
          const voice = new SentenceAnnouncer();
          for (const delta of ["One is ", "here. Two", " comes", "! Half a"]) voice.add(delta);
          voice.end();
        }"""
    )
    said = account.get_by_role("log", name="Announcements").locator("p")
    expect(said).to_have_text(["One is here.", "Two comes!", "Half a"])


@pytest.fixture(params=[("light", DESKTOP), ("dark", PHONE)], ids=["light desktop", "dark phone"])
def look(request: pytest.FixtureRequest, browser: Browser, site: RunningSite) -> Iterator[Page]:
    scheme, size = request.param
    context = browser.new_context(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    context.add_cookies([site.session_cookie("owner")])  # type: ignore[list-item]
    yield context.new_page()
    context.close()


def test_pages_are_accessible_and_fit_in_both_themes_and_sizes(
    look: Page, site: RunningSite
) -> None:
    site.person("grace", ["labeler", "trainer"])
    for path in PAGES:
        look.goto(f"{site.url}{path}")
        assert axe.check(look) == [], path
        width = look.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], path


def test_a_fragment_asked_for_after_the_session_ended_leads_to_signing_in(
    owner_page: Page, site: RunningSite
) -> None:
    owner_page.goto(f"{site.url}/chat/")
    owner_page.context.clear_cookies()
    owner_page.get_by_label("Search conversations").fill("anything")
    owner_page.wait_for_url(f"{site.url}/people/login/?next=/chat/")
    expect(owner_page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_failing_server_is_said_at_the_foot_of_the_page(
    owner_page: Page, site: RunningSite
) -> None:
    owner_page.goto(f"{site.url}/chat/")
    owner_page.route("**/*q=*", lambda route: route.abort())
    owner_page.get_by_label("Search conversations").fill("anything")
    expect(owner_page.get_by_role("status").get_by_text("could not be reached")).to_be_visible()
    owner_page.get_by_role("button", name="Dismiss").click()
    expect(owner_page.get_by_text("could not be reached")).to_be_hidden()
