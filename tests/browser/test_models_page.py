"""The Models page in a browser: empty, adding, failed, full, and endpoints."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.llmkit.rude_server import KEY, rude_server
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.browser


@pytest.fixture
def models(owner_page: Page, site: RunningSite) -> Iterator[Page]:
    owner_page.goto(f"{site.url}/models/")
    yield owner_page
    shutil.rmtree(site.data_dir / "models", ignore_errors=True)


def is_fine_everywhere(page: Page) -> None:
    """On a desk and on a phone, in light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            assert axe.check(page) == []
            assert page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
    page.set_viewport_size(DESKTOP)


def confirm(page: Page, verb: str) -> None:
    page.locator("#confirm").get_by_role("button", name=verb).click()


def test_a_file_is_uploaded_cancelled_and_its_note_dismissed(models: Page, tmp_path: Path) -> None:
    expect(models.get_by_text("There is no model on this server yet")).to_be_visible()
    is_fine_everywhere(models)
    models.get_by_role("button", name="Add model").first.click()
    is_fine_everywhere(models)
    gguf = tmp_path / "fox.gguf"
    gguf.write_bytes(b"GGUF" + bytes(9_000_000))
    models.get_by_label("File", exact=True).set_input_files(gguf)
    models.get_by_role("button", name="Upload and add").press("Enter")
    card = models.get_by_role("article", name="Adding fox")
    expect(card).to_contain_text("Waiting for a worker")
    is_fine_everywhere(models)
    models.reload()
    card.get_by_role("button", name="Cancel").press("Enter")
    failed = models.get_by_role("article", name="fox was not added")
    expect(failed).to_contain_text("Nothing was added")
    is_fine_everywhere(models)
    failed.get_by_role("button", name="Dismiss").press("Enter")
    expect(failed).to_have_count(0)


def test_a_model_is_looked_at_removed_and_brought_back(
    models: Page, site: RunningSite, tiny_models_dir: Path
) -> None:
    folder = site.data_dir / "models" / "owl"
    shutil.copytree(tiny_models_dir / TINY_MODEL, folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# About owls\n")
    models.reload()
    models.get_by_role("link", name="owl", exact=True).press("Enter")
    expect(models.get_by_role("heading", name="About owls")).to_be_visible()
    models.get_by_role("combobox", name="Precision").select_option("bfloat16")
    models.get_by_role("button", name="Save precision").press("Enter")
    expect(models.get_by_text("Saved. It holds")).to_be_visible()
    is_fine_everywhere(models)
    models.get_by_role("button", name="Remove model").press("Enter")
    expect(models.locator("#confirm")).to_contain_text("You can undo this for a day")
    confirm(models, "Remove")
    expect(models.get_by_text("owl was removed")).to_be_visible()
    models.get_by_role("button", name="Undo").press("Enter")
    expect(models.get_by_role("link", name="owl", exact=True)).to_be_visible()
    is_fine_everywhere(models)


def test_a_version_is_noted_promoted_renamed_traced_and_rolled_back(
    models: Page, site: RunningSite, tiny_models_dir: Path
) -> None:
    shutil.copytree(tiny_models_dir / TINY_MODEL, site.data_dir / "models" / "owl")
    adapter = site.data_dir / "adapters" / "owl" / "brief"
    adapter.mkdir(parents=True)
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    shutil.copyfile(
        tiny_models_dir / TINY_MODEL / "model.safetensors", adapter / "adapter_model.safetensors"
    )
    models.reload()
    models.get_by_role("link", name="brief").press("Enter")
    models.get_by_role("button", name="Promote").press("Enter")
    expect(models.get_by_text("New conversations begin with owl:brief.")).to_be_visible()
    models.get_by_text("Tags, licence and notes").press("Enter")
    models.get_by_label("Tags").fill("short, week 3")
    models.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(models.get_by_role("link", name="week 3")).to_be_visible()
    models.get_by_text("Rename", exact=True).first.press("Enter")
    models.get_by_label("Name", exact=True).fill("terse")
    models.get_by_role("button", name="Rename").press("Enter")
    expect(models.get_by_role("heading", name="owl:terse")).to_be_visible()
    is_fine_everywhere(models)
    models.get_by_role("link", name="From feedback to this adapter").press("Enter")
    picture = models.get_by_role("region", name="Lineage of owl:terse")
    expect(picture.get_by_role("link", name="Model owl")).to_be_visible()
    is_fine_everywhere(models)
    picture.get_by_role("link", name="Adapter owl:terse").press("Enter")
    models.get_by_role("link", name="History").press("Enter")
    is_fine_everywhere(models)
    models.get_by_role("button", name="Roll back to the default").press("Enter")
    expect(models.get_by_role("table")).to_contain_text("Rolled back")
    shutil.rmtree(site.data_dir / "adapters")


def test_an_endpoint_is_added_fails_and_is_deleted(models: Page) -> None:
    with rude_server() as server:
        models.get_by_role("button", name="Add endpoint").press("Enter")
        models.get_by_label("Name", exact=True).fill("Acme")
        models.get_by_label("Address", exact=True).fill("ftp://nowhere")
        models.get_by_role("button", name="Add and check").press("Enter")
        expect(models.get_by_role("alert")).to_contain_text("not an http:// or https://")
        is_fine_everywhere(models)
        models.get_by_label("Address", exact=True).fill(server.url)
        models.get_by_label("Key", exact=True).fill(KEY)
        models.get_by_role("button", name="Add and check").press("Enter")
        row = models.get_by_role("listitem").filter(has_text="Acme")
        expect(row).to_contain_text("Answering")
        server.manner = "page"
        row.get_by_role("button", name="Check now").press("Enter")
        expect(row).to_contain_text("not with a list of models")
        is_fine_everywhere(models)
    row.get_by_role("button", name="Change").press("Enter")
    models.get_by_role("button", name="Delete endpoint").press("Enter")
    confirm(models, "Delete")
    expect(models.get_by_text("No servers elsewhere")).to_be_visible()
