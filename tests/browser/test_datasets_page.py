"""A dataset in a browser: brought as a file, chosen by keyboard, looked at, archived and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_models_page import is_fine_everywhere
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser
WORK = """
from training.models import DatasetAddition
from training.services import dataset_working
for addition in DatasetAddition.objects.filter(state="waiting"):
    dataset_working.run(addition_id=str(addition.pk), attempt=addition.attempt)
"""
HEADER = "sentence,label,set\n"
ROWS = HEADER + "".join(f'"A fox, {n} times",{n % 2},train\n' for n in range(30)) + "ragged\n"


@pytest.fixture
def datasets(owner_page: Page, site: RunningSite) -> Iterator[Page]:
    owner_page.goto(f"{site.url}/training/datasets/")
    yield owner_page


def test_a_file_becomes_a_version_by_keyboard_alone(
    datasets: Page, site: RunningSite, tmp_path: Path
) -> None:
    page, file = datasets, tmp_path / "foxes.csv"
    file.write_text(ROWS)
    expect(page.get_by_text("There is no dataset yet")).to_be_visible()
    is_fine_everywhere(page)
    page.get_by_role("button", name="Add dataset").first.press("Enter")
    is_fine_everywhere(page)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload and read").press("Enter")
    expect(page.get_by_role("heading", name="Adding foxes.csv")).to_be_visible()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    site.manage("shell", "-c", WORK)
    expect(page.get_by_role("heading", name="What does foxes.csv hold?")).to_be_visible()
    expect(page.get_by_text("All of the first 20 rows fit")).to_be_visible()
    expect(page.get_by_role("combobox", name="Kind")).to_have_value("evaluation")
    is_fine_everywhere(page)
    page.get_by_role("combobox", name="Kind").select_option("prompt")
    expect(page.get_by_text("Choose the columns to see the rows")).to_be_visible()
    page.get_by_role("combobox", name="Prompt", exact=True).select_option("sentence")
    expect(page.get_by_role("listitem").filter(has_text="A fox, 1 times")).to_be_visible()
    page.get_by_label("All rows into one").press("Space")
    page.get_by_role("button", name="Make version").press("Enter")
    expect(page.get_by_role("heading", name="Adding foxes")).to_be_visible()
    site.manage("shell", "-c", WORK)
    expect(page.get_by_role("heading", name="foxes, version 1")).to_be_visible()
    expect(page.get_by_text("Prompt from sentence.")).to_be_visible()
    expect(page.get_by_text("1: the row has more or fewer cells")).to_be_visible()
    page.get_by_text("Table of prompt").press("Enter")
    is_fine_everywhere(page)
    page.get_by_label("Search in these rows").fill("FOX, 7")
    page.get_by_label("Search in these rows").press("Enter")
    expect(page.get_by_text("1 row holds “FOX, 7”")).to_be_visible()
    page.get_by_role("link", name="foxes", exact=True).press("Enter")
    page.get_by_text("Name, licence, notes and sharing").press("Enter")
    page.get_by_role("textbox", name="Licence").fill("MIT")
    is_fine_everywhere(page)
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("button", name="Archive").press("Enter")
    expect(page.get_by_text("foxes was archived")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("heading", name="foxes", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Archive")).to_be_visible()
