"""A project from its first page to imported rankings and a gold task, mostly by keyboard."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser

READ = """
from feedback.models import ImportJob
from feedback.services.imports import working
for job in ImportJob.objects.filter(state="waiting"):
    working.run(job_id=str(job.pk), attempt=job.attempt)
"""


def is_fine(page: Page) -> None:
    """Light on a desk, dark on a phone: nothing beyond the edge, nothing axe finds."""
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.evaluate("window.scrollTo(0, 0)")  # the top bar covers what lies under it
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert axe.check(page) == []
    page.set_viewport_size(DESKTOP)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).press("Enter")


def test_a_project_is_made_filled_and_looked_after(
    owner_page: Page, site: RunningSite, tmp_path: Path
) -> None:
    page = owner_page
    site.owner()
    page.goto(f"{site.url}/feedback/new/")
    makes_a_project(page)
    writes_guidelines(page)
    imports_rankings(page, site, tmp_path)
    makes_a_gold_task(page)
    changes_the_settings(page)
    archives_and_undoes(page)


def makes_a_project(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Careful words")
    expect(page.get_by_label("Your own objective")).to_be_hidden()
    page.get_by_label("Your own", exact=True).check()
    press(page, "Make project")
    expect(page.get_by_text("Say in your own words")).to_be_visible()
    is_fine(page)
    page.get_by_label("Your own objective").fill("The more careful one")
    press(page, "Make project")
    expect(page.get_by_text("There is nothing to rank yet")).to_be_visible()
    is_fine(page)


def writes_guidelines(page: Page) -> None:
    page.get_by_role("link", name="Write them").press("Enter")
    page.get_by_label("Guidelines").fill("Prefer the **careful** one.")
    expect(page.locator("#preview strong")).to_have_text("careful")
    is_fine(page)
    press(page, "Publish version 1")
    expect(page.get_by_text("is what labelers see from now on")).to_be_visible()
    is_fine(page)


def imports_rankings(page: Page, site: RunningSite, folder: Path) -> None:
    rows = [{"prompt": f"Say {n}", "chosen": f"Well, {n}", "rejected": "No"} for n in range(60)]
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, [*rows, {"prompt": "<b>half"}])))
    page.get_by_role("link", name="Overview").press("Enter")
    page.get_by_role("button", name="Import rankings").press("Enter")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("TRL preferences").check()
    page.get_by_label("People to rank them again").fill("1")
    is_fine(page)
    press(page, "Upload and import")
    expect(page.get_by_role("article", name="rows.jsonl")).to_contain_text("Waiting for a worker")
    site.python("manage.py", "shell", "-c", READ)
    page.get_by_role("link", name="rows.jsonl").press("Enter")
    expect(page.get_by_role("heading", name="A completion is missing")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download refused rows").press("Enter")
    assert '"row": 61' in download.value.path().read_text()
    is_fine(page)


def makes_a_gold_task(page: Page) -> None:
    page.get_by_role("link", name="Tasks", exact=True).press("Enter")
    expect(page.get_by_text("1–50 of 60")).to_be_visible()
    page.get_by_role("link", name="Next", exact=True).press("Enter")
    expect(page.get_by_text("51–60 of 60")).to_be_visible()
    page.get_by_label("Search").fill("say 59")
    page.get_by_label("Search").press("Enter")
    is_fine(page)
    page.get_by_role("link", name="Say 59").press("Enter")
    for letter, place in (("A", "2"), ("B", "1")):
        page.get_by_label(f"Place of answer {letter}").select_option(place)
    press(page, "Make gold task")
    expect(page.get_by_text("This is a gold task now")).to_be_visible()
    is_fine(page)
    press(page, "Withdraw task")
    press(page, "Undo")
    expect(page.get_by_text("The task is back.")).to_be_visible()


def changes_the_settings(page: Page) -> None:
    page.get_by_role("link", name="Settings", exact=True).press("Enter")
    page.get_by_label("Overlap", exact=True).fill("2")
    page.get_by_label("Only these people").check()
    page.get_by_label("Where the reward model").check()
    expect(page.get_by_label("Share in random order")).to_be_visible()
    is_fine(page)
    press(page, "Save settings")
    expect(page.get_by_text("59 tasks now asked of 2 people")).to_be_visible()


def archives_and_undoes(page: Page) -> None:
    press(page, "Archive project")
    expect(page.get_by_text("Careful words was archived")).to_be_visible()
    is_fine(page)
    press(page, "Undo")
    expect(page.get_by_text("Careful words is back")).to_be_visible()
    expect(page.get_by_text("0 of 59 tasks ranked")).to_be_visible()
    is_fine(page)
