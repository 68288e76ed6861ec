"""A run in a browser while it trains for real: found, watched, stopped, noted, compared.

The process that trains is the command's own, so that no worker is needed.
"""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_batches import looks_right
from tests.processes import eventually
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL, build_tiny_model

pytestmark = pytest.mark.browser
PATIENCE_MS = 240_000
SETTINGS = {
    "max_steps": 100_000,
    "batch_size": 2,
    "evaluate_every": 5,
    "dataset_file": "pairs.jsonl",
}
EARLIER = """
from django.utils import timezone
from tests.training.run_rows import report_of
from training.models import TrainingJob
first = TrainingJob.objects.get()
first.pk, first.state, first.name, first.look = None, "failed", "earlier", 1
first._state.adding, first.ended_at = True, timezone.now()
first.error, first.measures = "The run ran out of memory.", {"loss": 0.8}
first.pk = TrainingJob().pk
first.save()
report = report_of(first)
for step in range(1, 30):
    report.metrics(step, {"loss": 1 + step / 10})
"""


@pytest.fixture
def training(page: Page, lone_site: RunningSite) -> Page:
    page.context.add_cookies([lone_site.session_cookie("owner")])  # type: ignore[list-item]
    page.goto(f"{lone_site.url}/training/")
    return page


def pair(number: int) -> dict[str, object]:
    said = [{"role": "user", "content": f"Which is {number}?"}]
    return {"messages": said, "chosen": f"{number}.", "rejected": "No idea."}


def begin(site: RunningSite) -> None:
    """`manage.py train --wait`, in the background."""
    build_tiny_model(site.data_dir / "models" / TINY_MODEL)
    rows = "".join(json.dumps(pair(n)) + "\n" for n in range(40))
    (site.data_dir / "pairs.jsonl").write_text(rows)
    config = site.data_dir / "run.json"
    config.write_text(
        json.dumps({"name": "liked", "peft": {"kind": "lora", "rank": 2}, **SETTINGS})
    )
    site.start("train", "manage.py", "train", "reward", "--config", str(config), "--wait")


def test_a_run_is_watched_stopped_noted_and_compared(
    training: Page, lone_site: RunningSite
) -> None:
    page = training
    expect(page.get_by_text("There is no run yet")).to_be_visible()
    looks_right(page)
    begin(lone_site)
    owner = lone_site.owner()
    eventually("the run is listed", lambda: ">liked<" in owner.get("/training/").text)
    page.reload()
    page.get_by_role("link", name="liked", exact=True).press("Enter")
    figure = page.get_by_role("figure", name="Loss")
    expect(figure).to_contain_text("Held-out loss", timeout=PATIENCE_MS)
    expect(page.locator("#live")).to_contain_text("of 100,000")
    figure.get_by_text("Table").press("Enter")
    rows = figure.get_by_role("row")
    expect(rows.nth(3)).to_be_visible()
    expect(rows.last).not_to_have_text(rows.last.text_content() or "")
    page.reload()
    expect(figure.get_by_role("listitem").first).to_contain_text("Loss")
    page.get_by_text("More curves").press("Enter")
    expect(page.get_by_role("figure", name="Learning rate")).to_be_visible()
    page.get_by_role("button", name="1 at work").press("Enter")
    expect(page.locator("#activity-menu")).to_contain_text("Training run")
    page.keyboard.press("Escape")
    looks_right(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("stop this run")
    page.keyboard.press("Enter")
    page.locator("#confirm").get_by_role("button", name="Stop").press("Enter")
    expect(page.locator("#live .state")).to_contain_text("Stopped", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_text("Name and notes").press("Enter")
    page.get_by_label("Notes").fill("Stopped by hand.")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator(".notes")).to_have_text("Stopped by hand.")
    looks_right(page)
    lone_site.manage("shell", "-c", EARLIER)
    page.get_by_role("link", name="Training runs").press("Enter")
    page.get_by_role("link", name="earlier", exact=True).click()
    expect(page.get_by_text("The loss rises: it was")).to_be_visible()
    page.get_by_role("button", name="Compare").press("Enter")
    page.get_by_role("button", name="Add").press("Enter")
    expect(
        page.get_by_role("figure", name="Loss", exact=True).get_by_role("listitem")
    ).to_have_count(2)
    expect(page.get_by_role("region", name="Outcome")).to_contain_text("Failed")
    looks_right(page)
