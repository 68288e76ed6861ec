"""A worker that is killed while it adds a model: nothing is half-added, and the work goes on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llmkit.tiny_hub import TinyHub, tiny_hub
from tests.processes import eventually, start_worker
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.faults


@pytest.fixture
def hub(tiny_models_dir: Path, tmp_path: Path) -> Iterator[TinyHub]:
    with tiny_hub() as running:
        running.models["acme/fox"] = shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / "fox")
        yield running


@pytest.fixture
def adding(site: RunningSite, hub: TinyHub) -> Iterator[RunningSite]:
    """A site whose worker is in the middle of fetching a model's weights."""
    hub.stalls = True
    before = dict(site.settings)
    site.settings |= {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
    site.post(site.owner(), "/models/add/hub", page="/models/add/", origin="acme/fox")
    start_worker(site)
    eventually("the weights are asked for", lambda: "model.safetensors" in hub.asked)
    yield site
    site.settings = before
    if "worker" in site.processes:
        site.stop("worker")


def page(site: RunningSite) -> str:
    return site.owner().get("/models/").text


def hidden(site: RunningSite) -> list[Path]:
    return list((site.data_dir / "models").glob(".adding-*"))


def test_a_killed_worker_leaves_nothing_half_added_and_the_next_one_goes_on(
    adding: RunningSite, hub: TinyHub
) -> None:
    adding.kill("worker")
    assert "Adding fox" in page(adding)
    assert not (adding.data_dir / "models" / "fox").exists()
    hub.stalls = False
    start_worker(adding)
    eventually("it is added", lambda: "Adding fox" not in page(adding))
    assert (adding.data_dir / "models" / "fox" / "model.safetensors").exists()
    assert hidden(adding) == []
    adding.stop("worker")
    shutil.rmtree(adding.data_dir / "models" / "fox")
    page(adding)
    adding.post(adding.owner(), forget(adding), page="/models/")


def test_cancelling_ends_a_stalled_fetch_within_seconds(adding: RunningSite) -> None:
    number = page(adding).partition('id="cancel-')[2].partition('"')[0]
    adding.post(adding.owner(), f"/models/{number}/cancel", page="/models/")
    eventually("it has ended", lambda: "Nothing was added" in page(adding))
    assert hidden(adding) == []
    assert not (adding.data_dir / "models" / "fox").exists()


def forget(site: RunningSite) -> str:
    number = page(site).partition('id="dismiss-')[2].partition('"')[0]
    return f"/models/{number}/dismiss"
