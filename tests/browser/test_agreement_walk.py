"""A manager looks at agreement and labelers, decides a dispute by keyboard, voids and restores."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.running_site import RunningSite

MADE = """
import json, tempfile
from pathlib import Path
from accounts.models import User
from feedback.services import projects
from feedback.services.imports import import_preferences
owner = User.objects.get(username="owner")
project = projects.create(owner=owner, name="Disputed sky")
orders = {"ada": [[0], [1], [2]], "bob": [[2], [1], [0]], "eve": [[0], [1, 2]]}
rows = [
    {"task": f"t{k}", "prompt": f"Why is sky {k} blue? <b>", "annotator": name,
     "candidates": [{"text": f"Answer {k}-{c}", "model": f"model-{c % 2}"} for c in range(3)],
     "tiers": tiers if k else orders["ada"]}
    for k in range(6) for name, tiers in orders.items()
]
path = Path(tempfile.mkdtemp()) / "rows.jsonl"
path.write_text("\\n".join(map(json.dumps, rows)))
import_preferences(project=project, path=path, format_name="annotations")
"""
pytestmark = pytest.mark.browser

ROOM = "/feedback/disputed-sky/"


def look(page: Page, address: str) -> None:
    """Wide and light, then narrow and dark: nothing beyond the edge, nothing axe finds."""
    page.goto(address)
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert axe.check(page) == []
    page.set_viewport_size(DESKTOP)


def test_a_manager_measures_decides_and_voids(owner_page: Page, site: RunningSite) -> None:
    page = owner_page
    site.owner()
    site.python("manage.py", "shell", "-c", MADE)
    room = f"{site.url}{ROOM}"
    look(page, f"{room}agreement/")
    expect(page.get_by_text("agreement: α is")).to_be_visible()
    page.locator("summary", has_text="Table").first.press("Enter")
    expect(page.get_by_role("rowheader", name="Kendall's W")).to_be_visible()
    page.get_by_role("link", name="Models compared").click()
    expect(page.get_by_text("At equal length", exact=True)).to_be_visible()
    look(page, f"{room}agreement/disagreements/")
    decide_by_keyboard(page)
    page.goto(f"{room}labelers/")
    page.get_by_role("link", name="bob").first.click()
    look(page, page.url)
    void_and_restore(page)


def decide_by_keyboard(page: Page) -> None:
    expect(page.locator(".dispute")).to_have_count(5)
    page.get_by_role("button", name=re.compile("Decide task")).first.press("Enter")
    look(page, page.url)
    for letter, place in zip("ABC", "211", strict=True):
        page.get_by_label(f"Place of answer {letter}").focus()
        page.keyboard.type(place)
    page.get_by_role("button", name="Decide", exact=True).press("Enter")
    expect(page.get_by_text("Only this ranking gives pairs now")).to_be_visible()
    expect(page.locator(".dispute")).to_have_count(4)


def void_and_restore(page: Page) -> None:
    page.get_by_label("Why").fill("clicked through")
    page.get_by_role("button", name="Void rankings").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Void").press("Enter")
    expect(page.get_by_text("6 voided by owner")).to_be_visible()
    page.get_by_role("button", name=re.compile("Restore what was voided")).press("Enter")
    expect(page.get_by_text("6 rankings restored.")).to_be_visible()
