"""An evaluation in a browser: chosen by keyboard, watched, looked into item by item, removed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_models_page import confirm, is_fine_everywhere
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)> and so on"
ANSWERED = f"""
from django.utils import timezone
from evaluation.models import EvaluationRun
from evaluation.run import samples
from evaluation.run.measured import Measured
from evaluation.services import scores
run = EvaluationRun.objects.get()
samples.write(run.folder, "starter_facts", [
    {{"id": str(n), "cluster": str(n), "prompt": "Question: which is it?\\nAnswer:", "output": " x",
     "references": [" yes"], "choices": [" yes", {HOSTILE!r}], "loglikelihoods": [-1.5, -2.5],
     "chosen": n % 2, "right": 0, "values": {{"acc_norm": 1 - n % 2}}}} for n in range(25)
], main="acc_norm")
scores.record(run=run, measured=[
    Measured("starter_facts", "acc_norm", 0.52, 25, "acc_norm|v1", 0.33, 0.70, main=True)
])
EvaluationRun.objects.update(
    state="done", ended_at=timezone.now(), done_items=25, total_items=25, seconds=3.5
)
"""
TIDY = """
from evaluation.models import EvaluationRun
from training.models import ModelVersion
EvaluationRun.objects.all().delete()
ModelVersion.objects.all().delete()
"""


@pytest.fixture
def evaluations(owner_page: Page, site: RunningSite, tiny_models_dir: Path) -> Iterator[Page]:
    shutil.copytree(tiny_models_dir / TINY_MODEL, site.data_dir / "models" / TINY_MODEL)
    owner_page.goto(f"{site.url}/evaluation/runs/")
    yield owner_page
    shutil.rmtree(site.data_dir / "models", ignore_errors=True)
    site.manage("shell", "-c", TIDY)


def test_from_choosing_to_the_items_by_keyboard(evaluations: Page, site: RunningSite) -> None:
    page = evaluations
    expect(page.get_by_text("Nothing was measured yet")).to_be_visible()
    is_fine_everywhere(page)
    page.get_by_role("button", name="New evaluation").press("Enter")
    page.get_by_role("checkbox", name=TINY_MODEL).press("Space")
    page.get_by_role("checkbox", name="Facts").press("Space")
    expect(page.get_by_text("1 run, 20 items, about 80 requests")).to_be_visible()
    is_fine_everywhere(page)
    page.get_by_role("button", name="Start evaluation").press("Enter")
    expect(page.get_by_role("heading", name=f"{TINY_MODEL} on Facts")).to_be_visible()
    expect(page.get_by_text("· for a worker")).to_be_visible()
    is_fine_everywhere(page)
    site.manage("shell", "-c", ANSWERED)
    expect(page.get_by_role("cell", name="0.330 to 0.700")).to_be_visible()
    is_fine_everywhere(page)
    page.get_by_role("link", name="Look at its items").press("Enter")
    expect(page.get_by_text("Question: which is it?").nth(1)).to_be_visible()
    page.get_by_role("link", name="Wrong 12").press("Enter")
    expect(page.get_by_role("article", name="Item 2 Wrong")).to_contain_text(HOSTILE)
    is_fine_everywhere(page)
    page.get_by_role("link", name=f"{TINY_MODEL} on Facts").press("Enter")
    page.get_by_role("button", name="Remove").press("Enter")
    confirm(page, "Remove")
    expect(page.get_by_text("was removed, with its scores")).to_be_visible()
    page.get_by_role("link", name="Benchmarks", exact=True).press("Enter")
    is_fine_everywhere(page)
    page.get_by_role("link", name="CoLA").press("Enter")
    is_fine_everywhere(page)
    page.get_by_label("Files").set_input_files(
        {"name": "dev.tsv", "mimeType": "text/plain", "buffer": b"a\t1\t\tIt is.\nbroken\n"}
    )
    page.get_by_role("button", name="Bring files").press("Enter")
    expect(page.get_by_text("dev.tsv, line 2: it has 1 columns")).to_be_visible()
