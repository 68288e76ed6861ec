"""A manager finds a contradiction, reads the report, freezes by keyboard, follows a row back."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_agreement_walk import look
from tests.running_site import RunningSite

MADE = """
import json, tempfile
from pathlib import Path
from accounts.models import User
from feedback.services import projects
from feedback.services.imports import import_preferences
owner = User.objects.get(username="owner")
project = projects.create(owner=owner, name="Frozen sky")
orders = {"ada": [[0], [1], [2], [3]], "bob": [[1], [0], [3], [2]], "eve": [[0, 1], [2], [3]]}
words = ["Because air scatters short waves more. " * 6, "It is <b>blue</b>.", "No.", "Ask a poet."]
rows = [
    {"task": f"t{k}", "prompt": f"Why is the sky over place number {k * k * 7919} blue?",
     "annotator": name, "candidates": [{"text": f"{said} ({k})"} for said in words],
     "tiers": tiers}
    for k in range(14) for name, tiers in orders.items() if k < 4 or name == "ada"
]
path = Path(tempfile.mkdtemp()) / "rows.jsonl"
path.write_text("\\n".join(map(json.dumps, rows)))
import_preferences(project=project, path=path, format_name="annotations")
"""
pytestmark = pytest.mark.browser


def test_a_manager_reads_the_report_freezes_and_follows_a_row_back(
    owner_page: Page, site: RunningSite, tmp_path: Path
) -> None:
    page, room = owner_page, f"{site.url}/feedback/frozen-sky/"
    site.owner()
    site.python("manage.py", "shell", "-c", MADE)
    look(page, f"{room}pairs/")
    expect(page.get_by_role("article")).to_have_count(10)
    page.get_by_role("link", name="Next", exact=True).press("Enter")
    expect(page.get_by_role("article")).to_have_count(4)
    page.get_by_label("Show", exact=True).select_option("contradictions")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_text("Contradiction: the votes are too close").first).to_be_visible()
    page.locator("summary", has_text="3 rankings behind it").first.press("Enter")
    look_here(page)
    page.get_by_role("button", name="Freeze dataset").press("Enter")
    freeze_by_keyboard(page)
    follow_a_row(page)
    download(page, tmp_path)


def look_here(page: Page) -> None:
    look(page, page.url)


def freeze_by_keyboard(page: Page) -> None:
    look_here(page)
    page.get_by_label("Train, %").fill("100")
    page.get_by_role("button", name="Prepare report").press("Enter")
    expect(page.get_by_text("add up to 120 %, not to 100 %")).to_be_visible()
    page.get_by_label("Train, %").fill("80")
    page.get_by_role("button", name="Prepare report").press("Enter")
    expect(page.get_by_text("a reward model will learn length")).to_be_visible()
    look_here(page)
    page.get_by_role("button", name="Freeze this version").press("Enter")
    expect(page.get_by_text("Version 1 is frozen")).to_be_visible()
    look_here(page)


def follow_a_row(page: Page) -> None:
    page.get_by_role("button", name="Look through its pairs").press("Enter")
    page.locator("summary", has_text="Made from").first.press("Enter")
    expect(page.get_by_role("link", name="revision 1").first).to_be_visible()
    look_here(page)
    frozen = page.url
    page.locator("summary", has_text="Made from").first.press("Enter")
    page.get_by_role("link", name="revision 1").first.press("Enter")
    expect(page.get_by_role("heading", name="Pairs")).to_be_visible()
    look_here(page)
    page.goto(frozen)


def download(page: Page, folder: Path) -> None:
    page.get_by_role("link", name="frozen-sky, version 1").press("Enter")
    look_here(page)
    with page.expect_download() as told:
        page.get_by_role("link", name="JSONL of trl, all", exact=True).press("Enter")
    assert told.value.suggested_filename == "frozen-sky-v1-all-trl.jsonl"
    told.value.save_as(folder / "out.jsonl")
    assert '"chosen": "Because air' in (folder / "out.jsonl").read_text()
