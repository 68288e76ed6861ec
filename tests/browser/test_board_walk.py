"""A reader doubts a number: leaderboard by keyboard, two models, forgetting, measures, a file."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.running_site import RunningSite

MADE = """
import json, tempfile
from pathlib import Path
from accounts.models import User
from evaluation.services import scoring, scoring_files, scoring_saving
from evaluation.services.scoring_files import Columns
owner = User.objects.get(username="owner")
rows = [
    {"reference": f"answer {k}", "careful system": f"answer {k if k < 36 else 0}",
     "hasty system": f"answer {k if k < 9 else 0}"}
    for k in range(40)
]
path = Path(tempfile.mkdtemp()) / "rows.jsonl"
path.write_text("\\n".join(map(json.dumps, rows)))
columns = Columns(("reference",), {name: name for name in ("careful system", "hasty system")})
sheet = scoring_files.read(path, path.name, columns)
scores = scoring.score(sheet, scoring.wanted(["exact_match", "bleu"]))
scoring_saving.save(name="walked quiz", sheet=sheet, scores=scores, owner=owner)
"""
ONLY = "benchmark=file%3Awalked+quiz"
pytestmark = pytest.mark.browser


def look(page: Page) -> None:
    """Wide and light, then narrow and dark: nothing beyond the edge, nothing axe finds."""
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert axe.check(page) == []
    page.set_viewport_size(DESKTOP)


def test_a_reader_follows_a_number(owner_page: Page, site: RunningSite, tmp_path: Path) -> None:
    page = owner_page
    site.owner()
    site.python("manage.py", "shell", "-c", MADE)
    page.goto(f"{site.url}/evaluation/?{ONLY}&measures=all")
    sorted_by_keyboard(page)
    look(page)
    two_side_by_side(page, site)
    page.get_by_role("link", name="Forgetting").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forgetting")
    look(page)
    texts_are_tried(page)
    a_file_is_scored(page, tmp_path)


def sorted_by_keyboard(page: Page) -> None:
    names = page.locator("table.board tbody th")
    expect(names.first).to_contain_text("careful system")
    expect(page.locator(".rank[data-first]").first).to_have_text("Rank1")
    page.get_by_role("link", name="Exact match", exact=True).press("Enter")
    expect(names.first).to_contain_text("hasty system")
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    assert ONLY in page.url and "sort=" in page.url


def two_side_by_side(page: Page, site: RunningSite) -> None:
    page.get_by_role("link", name="Compare two").click()
    page.get_by_label("Benchmark").select_option("file:walked quiz")
    page.get_by_label("First").select_option("careful system")
    page.get_by_label("Second").select_option("hasty system")
    page.get_by_role("button", name="Compare").press("Enter")
    expect(page.get_by_text("careful system is better by 0.675")).to_be_visible()
    page.get_by_label("Show", exact=True).select_option("Won by the first")
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.locator(".pair")).to_have_count(20)
    expect(page.locator(".pair").first).to_contain_text("answer 9")
    look(page)


def texts_are_tried(page: Page) -> None:
    page.get_by_role("link", name="Measures").click()
    output = page.get_by_label("Output", exact=True)
    expect(page.locator("#worked")).to_contain_text("0.889")
    output.fill("It is very cold")
    expect(page.locator("#worked")).to_contain_text("“it is veri cold”")
    expect(page.locator("#worked")).to_contain_text("0.800")
    page.locator("summary", has_text="Worked example").first.press("Enter")
    look(page)


def a_file_is_scored(page: Page, folder: Path) -> None:
    page.get_by_role("link", name="Score a file").click()
    path = folder / "few.jsonl"
    rows = [{"reference": "yes", "a": "yes", "b": "no"}, {"reference": "", "a": "x", "b": "y"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Score").press("Enter")
    expect(page.get_by_text("1 row scored against reference.")).to_be_visible()
    expect(page.get_by_text("Row 2: reference is empty.")).to_be_visible()
    look(page)
