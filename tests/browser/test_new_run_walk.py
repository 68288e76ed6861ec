"""A run started by keyboard: chosen, filled in, looked at by the real process, and made."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_models_page import is_fine_everywhere
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # the looking process reads torch first
FREEZE = """
from accounts.models import User
from training.services import datasets
rows = [{"messages": [{"role": "user", "content": f"{n}?"}], "completion": "x" * n}
        for n in range(1, 40)]
by = User.objects.get(username="owner")
files = {"train.jsonl": rows[:30], "validation.jsonl": rows[30:]}
datasets.freeze(name="steps", kind="completion", files=files, source={}, report={}, made_by=by)
"""


def test_a_run_is_chosen_looked_at_and_started_by_keyboard(
    owner_page: Page, site: RunningSite, tiny_models_dir: Path
) -> None:
    page = owner_page
    shutil.copytree(
        tiny_models_dir / TINY_MODEL, site.data_dir / "models" / TINY_MODEL, dirs_exist_ok=True
    )
    page.goto(f"{site.url}/training/new/")
    expect(page.get_by_text("No reward model yet")).to_be_visible()
    is_fine_everywhere(page)
    site.manage("shell", "-c", FREEZE)
    page.get_by_role("link", name="LoRA instruction tuning").press("Enter")
    expect(page.get_by_label("Base model")).to_have_value(TINY_MODEL)
    expect(page.get_by_label("Name", exact=True)).to_have_value("steps-sft")
    page.get_by_label("Longest row").fill("30")
    expect(page.get_by_text("Longest row: 512 → 30")).to_be_visible()
    page.get_by_role("radio", name="IA3").press("Space")
    expect(page.locator("#run_lora-rank")).to_be_hidden()
    page.locator("summary", has_text="Try several values").press("Enter")
    page.get_by_label("Seeds").fill("1 x")
    page.get_by_role("button", name="Start run").press("Enter")
    expect(page.get_by_text("Seed must be a whole number.")).to_be_visible()
    expect(page.get_by_label("Longest row")).to_have_value("30")
    page.get_by_label("Seeds").fill("1 2")
    page.get_by_role("button", name="Check").press("Enter")
    expect(page.get_by_text("in each of 2 runs")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("region", name="First example")).to_contain_text("<|im_start|>user")
    expect(page.get_by_role("row").filter(has_text="this run")).to_contain_text("float32")
    is_fine_everywhere(page)
    page.get_by_role("button", name="Start run").press("Enter")
    expect(page.get_by_role("heading", name="steps-sft")).to_be_visible()
    expect(page.get_by_role("link", name="steps-sft-seed-2")).to_be_visible()
    is_fine_everywhere(page)
    page.get_by_role("button", name="Stop all").press("Enter")
    page.locator("#confirm").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The runs of steps-sft are stopping.")).to_be_visible()
