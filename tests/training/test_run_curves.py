"""Curves keep their shape in few points, and a page is sent only what is new."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.training.run_rows import a_run, report_of
from training.models import TrainingJob
from training.showing.charts import charts
from training.showing.curves import MOST, Curve, Curves

SignedIn = Callable[[User], Client]


def curve_of(values: dict[int, float | None]) -> Curve:
    curve = Curve()
    for step, value in values.items():
        curve.add(step, value)
    return curve


def test_a_short_run_keeps_every_point_and_what_is_no_number_is_a_gap() -> None:
    curve = curve_of({1: 2.0, 2: None, 4: float("nan"), 5: 1.0})
    assert curve.points == [(1, 2.0), (2, None), (4, None), (5, 1.0)]
    assert (curve.broken, curve.values) == (2, [2.0, 1.0])


def test_a_long_run_has_means_of_equally_many_steps_and_never_more_points() -> None:
    curve = curve_of({step: float(step) for step in range(4 * MOST)})
    assert curve.width == 4 and len(curve.points) == MOST
    assert curve.points[:2] == [(3, 1.5), (7, 5.5)]
    assert curve.points[-1] == (4 * MOST - 1, 4 * MOST - 2.5)


def test_points_after_the_step_a_run_went_on_from_are_forgotten() -> None:
    curves = Curves()
    for step, loss in ((1, 3.0), (2, 2.0), (3, None)):
        curves.take({"kind": "metrics", "step": step, "values": {"loss": loss}})
    curves.take({"kind": "resumed", "step": 2, "at": 7.0})
    curves.take({"kind": "metrics", "step": 3, "values": {"loss": 1.0}})
    assert curves.by_name["loss"].points == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert curves.by_name["loss"].broken is None
    assert curves.resumes == [(2, 7.0)]


def test_charts_lay_a_measure_beside_its_held_out_twin_and_make_an_interval_a_band() -> None:
    names = ["loss", "pair_accuracy", "held_out_pair_accuracy", "held_out_pair_accuracy_low"]
    names += ["held_out_pair_accuracy_high", "length_baseline", "gradient_norm", "epoch", "our_own"]
    first, rest = charts("reward", names)
    assert [chart.title for chart in first] == ["Loss", "Pair accuracy"]
    assert [line.name for line in first[1].lines] == [*names[1:3], "length_baseline"]
    assert first[1].lines[1].band == (names[3], names[4])
    assert [chart.title for chart in rest] == ["Gradient norm", "Our own"]


def test_ppo_shows_score_and_kl_first() -> None:
    first, rest = charts("ppo", ["loss", "kl", "score", "held_out_kl", "kl_coefficient"])
    assert [chart.key for chart in first] == ["score", "kl"]
    assert [chart.title for chart in rest] == ["KL coefficient", "Loss"]


@pytest.fixture
def job(trainer: User) -> TrainingJob:
    return a_run(trainer, state="running")


@pytest.fixture
def ask(job: TrainingJob, trainer: User, signed_in: SignedIn) -> Callable[[str], Any]:
    client = signed_in(trainer)
    return lambda query: client.get(f"{job.get_absolute_url()}curves?{query}").json()


@pytest.mark.django_db
def test_a_page_gets_all_once_and_then_what_is_new(
    job: TrainingJob, ask: Callable[[str], Any]
) -> None:
    assert ask("after=0")["curves"] == {}
    report = report_of(job)
    for step in (1, 2):
        report.metrics(step, {"loss": 1 / 3, "learning_rate": 0.1})
    first = ask("after=0")
    assert first["curves"] == {"loss": {"width": 1, "steps": [1, 2], "values": [0.333333] * 2}}
    assert [chart["key"] for chart in first["rest"]] == ["learning_rate"]
    assert set(ask("after=0&all")["curves"]) == {"loss", "learning_rate"}
    report.metrics(3, {"loss": float("inf")})
    report.sample(3, prompt="Why?", text="So.")
    news = ask(f"after={first['offset']}")
    assert not news["whole"]
    assert news["curves"] == {"loss": {"steps": [3], "values": [None]}}
    assert (news["samples"], news["lines"], news["more"]) == ([3], 0, False)
    assert ask(f"after={news['offset']}")["curves"] == {}


@pytest.mark.django_db
def test_where_old_points_no_longer_hold_all_come_anew(
    job: TrainingJob, ask: Callable[[str], Any]
) -> None:
    report = report_of(job)
    for step in (1, 2, 3):
        report.metrics(step, {"loss": float(step)})
    offset = ask("after=0")["offset"]
    report.resumed(1)
    report.metrics(2, {"loss": 9.0})
    again = ask(f"after={offset}")
    assert again["whole"] and again["resumes"] == [1]
    assert again["curves"]["loss"]["values"] == [1.0, 9.0]
    assert ask("after=99999999")["whole"]
    assert ask("after=no-number")["whole"]


@pytest.mark.django_db
def test_what_a_model_wrote_is_text_and_earlier_samples_can_be_leafed_to(
    job: TrainingJob, trainer: User, signed_in: SignedIn
) -> None:
    report = report_of(job)
    report.sample(0, prompt="Why?", text="Early words.", reference="A reference.")
    report.sample(5, prompt="Why?", text="<script>alert(1)</script>", score=0.5)
    report.log("train: 12 rows")
    report.warn("The checkpoint of step 2 can't be used.")
    client = signed_in(trainer)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
    assert "Samples at step 5" in page and "score 0.50" in page
    assert "train: 12 rows" in page and page.count("The checkpoint of step 2") == 2
    earlier = client.get(f"{job.get_absolute_url()}samples?step=0").content.decode()
    assert "Early words." in earlier and "A reference." in earlier and "Step 5" in earlier
    got: Any = client.get(f"{job.get_absolute_url()}events")
    assert b"".join(got.streaming_content).count(b"\n") == 4
    assert client.get(f"{job.get_absolute_url()}output").status_code == 404
