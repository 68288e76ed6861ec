"""A reward model's figures on its page and on its run's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.training.run_rows import a_run
from training.models import ModelVersion
from training.showing.reward_figures import drawn

pytestmark = pytest.mark.django_db
FACTS: dict[str, Any] = {
    "mean": 0.0,
    "std": 1.0,
    "reliability": [
        {"sure": 0.55, "right": 0.5, "pairs": 4},
        {"sure": 1.0, "right": 0.75, "pairs": 16},
    ],
    "quantiles": [0.05, 0.25, 0.5, 0.75, 0.95],
    "distribution": {
        "chosen": [-1.0, 0.0, 0.5, 1.25, 3.0],
        "rejected": [-1.5, -1.0, 0.0, 0.5, 2.0],
    },
}


@pytest.fixture
def judge() -> Callable[[str], ModelVersion]:
    """`judge(text)`: a ready reward model whose folder keeps that text about it."""

    def make(text: str) -> ModelVersion:
        path = "rewards/taste"
        version = ModelVersion.objects.create(name="taste", path=path, kind="reward", state="ready")
        version.folder.mkdir(parents=True)
        (version.folder / "reward.json").write_text(text)
        return version

    return make


def test_points_lie_where_their_figures_say() -> None:
    """From half to wholly sure, and upside down as a picture counts; scores from -2 to 3."""
    found = drawn(FACTS)
    assert [(bin.x, bin.y) for bin in found.bins] == [(10, 50), (100, 25)]
    assert found.bins[0].size < found.bins[1].size
    assert found.pairs == 20
    assert found.spreads[0].places == (20, 40, 50, 65, 100)
    assert [(tick.at, tick.text) for tick in found.ticks][::5] == [(0, "-2"), (100, "3")]


def test_the_models_page_and_its_runs_page_draw_them_with_their_tables(
    judge: Callable[[str], ModelVersion], trainer: User, signed_in: Callable[[User], Client]
) -> None:
    version, client = judge(json.dumps(FACTS)), signed_in(trainer)
    run = a_run(trainer, "taste", method="reward", state="done", produced=version)
    for page in (version.get_absolute_url(), run.get_absolute_url()):
        text = client.get(page).content.decode()
        assert "On held-out pairs" in text
        assert text.count('class="figure-table"') == 2
        assert '<th scope="row">55.0%</th>' in text
        assert '<td class="right">1.25</td>' in text


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        json.dumps({"mean": 0, "std": 1}),
        json.dumps({**FACTS, "reliability": []}),
        json.dumps({**FACTS, "distribution": {"chosen": [1], "rejected": [2]}}),
        json.dumps(FACTS).replace("0.55", "NaN"),
        json.dumps(FACTS).replace("0.55", '"<b>"'),
    ],
)
def test_one_that_was_never_looked_at_or_is_damaged_has_a_page_without(
    judge: Callable[[str], ModelVersion],
    trainer: User,
    signed_in: Callable[[User], Client],
    text: str,
) -> None:
    page = signed_in(trainer).get(judge(text).get_absolute_url())
    assert page.status_code == 200
    assert "On held-out pairs" not in page.content.decode()
