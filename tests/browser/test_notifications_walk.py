"""Notifications and the audit log in Chromium: a count that comes by itself, keys, both themes."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import looks_right
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser
TOLD = """
from accounts.models import User
from accounts.notifying import About, notify
person = User.objects.get(username="bell")
about = About("Training run", "sums", "/people/account/")
notify(person=person, key="walk-1", outcome="failed", about=about, said="The disk is full.")
notify(person=person, key="walk-2", outcome="done", about=about)
"""
LOOKS_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def test_what_ended_is_told_at_the_bell_and_what_changed_in_the_audit_log(
    page: Page, site: RunningSite
) -> None:
    site.person("bell", ["admin"])
    page.context.add_cookies([site.session_cookie("bell")])  # type: ignore[list-item]
    page.goto(f"{site.url}/notifications/")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    looks_right(page)
    site.manage("shell", "-c", TOLD)
    page.evaluate(LOOKS_AGAIN)
    expect(page.get_by_role("link", name="2 unread notifications")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("2 new notifications")
    expect(page).to_have_title("(2) Notifications · llmsite")
    page.get_by_role("link", name="2 unread notifications").press("Enter")
    expect(page.get_by_text("The disk is full.")).to_be_visible()
    looks_right(page)
    page.get_by_role("button", name="Mark read sums").first.press("Enter")
    expect(page.get_by_role("link", name="1 unread notification")).to_be_visible()
    page.get_by_role("link", name="Unread (1)").press("Enter")
    page.locator(".told").get_by_role("link", name="sums").press("Enter")
    page.wait_for_url("**/people/account/")
    expect(page.get_by_role("link", name="No unread notifications")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/system/audit/")
    expect(page.get_by_role("row").nth(1)).to_contain_text("bell")
    looks_right(page)
    page.get_by_label("What").select_option("site")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_text("Nothing was changed that fits")).to_be_visible()
    page.get_by_role("link", name="Now").press("Enter")
    expect(page.get_by_role("heading", name="Clean-up")).to_be_visible()
    looks_right(page)
