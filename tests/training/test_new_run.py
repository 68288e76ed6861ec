"""Starting a run from its page: what fits is offered, and the form and the shell agree."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import QueryDict
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from accounts.models import User
from llmkit import tuning
from llmkit.configs import Setting, settings_of
from tests.training.run.conftest import SUMS
from tests.training.test_runs import freeze
from training import methods
from training.forms_runs import RunForm
from training.methods.schedule import Schedule
from training.models import Dataset, DatasetVersion, ModelVersion, Recipe, Sweep, TrainingJob
from training.services import recipes
from training.services.errors import RunsError
from training.services.runs.asking import asked

pytestmark = pytest.mark.django_db
Kind, State = ModelVersion.Kind, ModelVersion.State
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=1000), max_size=12).map(str.strip)


@pytest.fixture
def known(admin: User, settings: Any) -> None:
    """Rows of the registry alone: choosing needs no files."""
    settings.DEFAULT_MODEL = "tiny"
    tiny, owl = (model(name) for name in ("tiny", "owl"))
    model("tiny:sums", Kind.ADAPTER, base=tiny)
    model("owl:sums", Kind.ADAPTER, base=owl)
    model("judge", Kind.REWARD, base=tiny)
    model("gone", state=State.MISSING)
    freeze("sums", "completion", {"train.jsonl": SUMS[:4], "validation.jsonl": SUMS[4:6]}, admin)
    freeze("sums", "completion", {"train.jsonl": SUMS[:6]}, admin)
    freeze("tales", "text", {"train.jsonl": [{"text": "Once."}]}, admin)
    pairs = [{"messages": SUMS[0]["messages"], "chosen": "a", "rejected": "b"}]
    freeze("liked", "preference", {"pairs.train.jsonl": pairs}, admin)
    freeze("held-out", "completion", {"test.jsonl": SUMS[:2]}, admin)


def model(name: str, kind: str = Kind.BASE, **fields: Any) -> ModelVersion:
    fields = {"state": State.READY, "source": "folder", **fields}
    return ModelVersion.objects.create(name=name, kind=kind, **fields)


def sent(form: RunForm, **changes: Any) -> QueryDict:
    """What a browser sends of the form as it is shown."""
    data = QueryDict(mutable=True)
    for name in form.fields:
        value = form[name].value()
        if value not in (False, None):
            data[name] = "on" if value is True else str(value)
    data["name"] = form.name_now
    data["way"] = form.way
    data.setlist("dataset", [row.value for row in form.rows.rows])
    data.setlist("weight", [row.weight for row in form.rows.rows])
    for name, value in changes.items():
        data.setlist(name, value) if isinstance(value, list) else data.update({name: value})
    return data


def values_of(setting: Setting) -> SearchStrategy[Any]:
    """Everything that the setting takes, as JSON holds it."""
    about = setting.about
    low = 0 if about.minimum is None else about.minimum
    high = 1e6 if about.maximum is None else about.maximum
    plain: dict[type, Callable[[], SearchStrategy[Any]]] = {
        bool: st.booleans,
        int: lambda: st.integers(int(low), int(high)),
        float: lambda: st.floats(low, high),
        str: lambda: st.sampled_from(about.choices) if about.choices else WORDS,
        tuple: lambda: st.lists(WORDS, max_size=3),
    }
    found = plain[setting.kind]()
    return st.none() | found if setting.optional else found


def every_setting(config: type[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({each.name: values_of(each) for each in settings_of(config)})


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("name", methods.names())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_field_of_every_method_and_way_survives_its_form(
    name: str, data: st.DataObject, admin: User
) -> None:
    method = methods.get(name)
    way = tuning.get(data.draw(st.sampled_from(method.ways)))
    peft = {"kind": way.name, **data.draw(every_setting(way.config))}
    dataset = {"sft": "sums", "ppo": "sums"}.get(name, "liked")
    values = {
        "name": "x",
        "peft": peft,
        "dataset": dataset,
        **data.draw(every_setting(method.config)),
    }
    values |= {"reward_model": "judge"} if name == "ppo" else {}
    form = RunForm(method, admin, sent(RunForm(method, admin, start=values)))
    assert form.asked() == asked(name, values), form.errors


@pytest.mark.parametrize("name", methods.names())
def test_no_setting_of_a_method_takes_the_place_of_another_meaning(name: str) -> None:
    general = {each.name: each.about.label for each in settings_of(Schedule)}
    for each in settings_of(methods.get(name).config):
        assert general.get(each.name, each.about.label) == each.about.label


@pytest.mark.usefixtures("known")
def test_a_slot_offers_what_fits_and_says_why_the_rest_does_not(admin: User) -> None:
    offers = RunForm(methods.get("ppo"), admin).offers
    assert offers["model"].values == ["owl", "tiny"]
    assert offers["adapter"].values == ["tiny:sums"]
    assert offers["reward_model"].values == ["judge"]
    why = {(name, o.label): o.why for name, slot in offers.items() for o in slot.rest}
    assert why["model", "gone"] == "can't be used now (missing)"
    assert why["model", "judge"] == "is of the kind reward model; it takes model or merged model"
    assert why["adapter", "owl:sums"] == "was trained on owl, not on tiny"
    assert "holds plain text; it takes prompts only or" in why["dataset", "tales"]
    assert why["dataset", "held-out"].startswith("has no rows in the split train")
    newest = {offer.label: offer for offer in offers["dataset"].fitting}
    assert not newest["sums, version 2"].older
    assert newest["sums, version 1"].older


@pytest.mark.usefixtures("known")
def test_a_dataset_of_someone_else_is_not_offered_and_can_not_be_sent(
    trainer: User, admin: User
) -> None:
    form = RunForm(methods.get("sft"), trainer)
    assert form.offers["dataset"].fitting == form.offers["dataset"].rest == ()
    version = DatasetVersion.objects.filter(dataset__name="sums").latest("number")
    stolen = RunForm(methods.get("sft"), trainer, sent(form, dataset=[str(version.pk)]))
    assert stolen.asked() is None
    Dataset.objects.update(shared=True)
    shared = RunForm(methods.get("sft"), trainer, sent(form, name="x", dataset=[str(version.pk)]))
    assert shared.asked() is not None


def form_page(page: Client, name: str = "sft") -> dict[str, Any]:
    shown = page.get(f"/training/new/{name}/")
    assert shown.status_code == 200
    return dict(sent(shown.context["form"]).lists())


@pytest.mark.usefixtures("known")
def test_the_button_makes_the_run_that_the_form_says(page: Client, admin: User) -> None:
    data = form_page(page) | {"max_steps": "7", "lora-rank": "4", "name": "mine"}
    assert page.post("/training/new/sft/", data).status_code == 302
    job = TrainingJob.objects.get()
    assert (job.name, job.owner, job.config["max_steps"]) == ("mine", admin, 7)
    assert job.peft["rank"] == 4
    assert [str(each.version) for each in job.data.all()] == ["sums, version 2"]


@pytest.mark.usefixtures("known")
def test_datasets_are_mixed_by_weight_and_each_once(page: Client) -> None:
    sums, tales = (
        str(DatasetVersion.objects.filter(dataset__name=n).latest("number").pk)
        for n in ("sums", "tales")
    )
    both = form_page(page) | {"dataset": [sums, tales], "weight": ["3", "0.5"]}
    page.post("/training/new/sft/", both)
    assert [each.weight for each in TrainingJob.objects.get().data.all()] == [3, 0.5]
    for wrong in ({"dataset": [sums, sums]}, {"weight": ["3", "0"]}, {"weight": ["3", "x"]}):
        assert page.post("/training/new/sft/", both | wrong).status_code == 422
    assert TrainingJob.objects.count() == 1


@pytest.mark.usefixtures("known")
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(page: Client) -> None:
    data = form_page(page) | {
        "batch_size": "0",
        "learning_rate": "fast",
        "lora-rank": "",
        "name": "é",
    }
    shown = page.post("/training/new/sft/", data | {"qlora-rank": "wrong, but not taken"})
    form, html = shown.context["form"], shown.content.decode()
    assert shown.status_code == 422
    assert set(form.errors) == {"batch_size", "learning_rate", "lora-rank"}
    assert "Batch size must be at least 1." in html
    assert re.search(r'value="fast"[^>]*aria-invalid="true"', html)
    named = page.post("/training/new/sft/", form_page(page) | {"name": "é"})
    assert "name" in named.context["form"].errors
    assert not TrainingJob.objects.exists()


@pytest.mark.usefixtures("known")
def test_going_on_from_an_adapter_leaves_its_way_as_it_is(page: Client) -> None:
    data = form_page(page) | {"adapter": "tiny:sums", "lora-rank": "nonsense"}
    page.post("/training/new/sft/", data)
    job = TrainingJob.objects.get()
    assert job.adapter is not None
    wrong = data | {"model": "owl"}
    assert page.post("/training/new/sft/", wrong).status_code == 422


@pytest.mark.usefixtures("known")
def test_the_slots_follow_the_model_and_a_name_that_was_not_typed_follows_the_data(
    page: Client,
) -> None:
    data = form_page(page) | {"suggested": "sums-sft", "name": "sums-sft"}
    tales = str(DatasetVersion.objects.get(dataset__name="tales").pk)
    shown = page.post("/training/new/sft/slots", data | {"model": "owl", "dataset": tales})
    html = shown.content.decode()
    assert "tiny:sums</strong> was trained on tiny, not on owl" in " ".join(html.split())
    assert 'value="tales-sft"' in html
    kept = page.post("/training/new/sft/slots", data | {"name": "mine", "dataset": tales})
    assert 'value="mine"' in kept.content.decode()
    more = page.post("/training/new/sft/slots", data | {"action": "add"})
    assert len(more.context["form"].rows.rows) == 2


def test_without_anything_to_train_on_the_cards_say_how_to_get_it(page: Client) -> None:
    html = " ".join(page.get("/training/new/").content.decode().split())
    assert 'No reward model yet: <a href="/training/new/reward/">train one' in html
    assert "No dataset fits yet" in html
    assert page.get("/training/new/ppo/").status_code == 200
    assert page.get("/training/new/nothing/").status_code == 404


def test_who_may_not_train_finds_no_page(member: User, signed_in: Callable[[User], Client]) -> None:
    assert signed_in(member).get("/training/new/").status_code == 404


@pytest.mark.usefixtures("known")
def test_a_fault_names_its_field_for_the_form() -> None:
    with pytest.raises(RunsError) as fault:
        asked("sft", {"dataset": "sums", "peft": {"kind": "lora", "rank": 0}})
    assert fault.value.field == "peft.rank"


def runs_of(page: Client, **changes: Any) -> list[TrainingJob]:
    page.post("/training/new/sft/", form_page(page) | {"name": "mine", **changes})
    return list(TrainingJob.objects.order_by("created_at"))


@pytest.mark.usefixtures("known")
def test_a_sweep_makes_a_run_of_each_combination_and_stops_them_together(page: Client) -> None:
    jobs = runs_of(
        page,
        sweep_field_1="learning_rate",
        sweep_values_1="0.001, 0.0001",
        sweep_field_2="peft.rank",
        sweep_values_2="4 8 8",
        sweep_seeds="1",
    )
    assert len(jobs) == 4
    assert [(j.config["learning_rate"], j.peft["rank"], j.config["seed"]) for j in jobs] == [
        (0.001, 4, 1),
        (0.001, 8, 1),
        (0.0001, 4, 1),
        (0.0001, 8, 1),
    ]
    assert jobs[0].name == "mine-learning_rate-0.001-rank-4-seed-1"
    assert len({job.name for job in jobs}) == 4
    sweep = Sweep.objects.get()
    shown = " ".join(page.get(sweep.get_absolute_url()).content.decode().split())
    assert "Learning rate" in shown
    assert f"run={jobs[3].pk}" in shown
    page.post(f"/training/sweeps/{sweep.pk}/stop")
    assert set(TrainingJob.objects.values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"sweep_seeds": " ".join(map(str, range(21)))}, "These are 21 runs. Start at most 20"),
        ({"sweep_values_1": "1 2"}, "Choose the setting that these values are of."),
        ({"sweep_field_1": "batch_size", "sweep_values_1": "4 0"}, "Batch size must be at least 1"),
        ({"sweep_seeds": "1 x"}, "Seed must be a whole number."),
    ],
)
def test_a_sweep_that_can_not_be_made_makes_nothing(
    page: Client, typed: dict[str, str], sentence: str
) -> None:
    shown = page.post("/training/new/sft/", form_page(page) | {"name": "mine", **typed})
    assert shown.status_code == 422
    assert sentence in shown.content.decode()
    assert not TrainingJob.objects.exists()


@pytest.mark.usefixtures("known")
def test_a_run_is_done_again_from_its_own_settings(page: Client) -> None:
    (job,) = runs_of(page, batch_size="2", way="ia3", dataset=[oldest("sums")])
    again = page.get(f"/training/runs/{job.pk}/again", follow=True)
    form = again.context["form"]
    assert (form["batch_size"].value(), form.way, form.name_now) == ("2", "ia3", "mine")
    assert [row.value for row in form.rows.rows] == [oldest("sums")]
    data = dict(sent(form, batch_size="3", cloned_from=str(job.pk)).lists())
    page.post("/training/new/sft/", data)
    second = TrainingJob.objects.get(cloned_from=job)
    assert (second.name, second.config) == ("mine-2", {**job.config, "batch_size": 3})
    assert second.peft == job.peft


def oldest(name: str) -> str:
    return str(DatasetVersion.objects.filter(dataset__name=name).earliest("number").pk)


@pytest.mark.usefixtures("known")
def test_settings_are_kept_as_a_recipe_and_started_from_here_and_from_the_shell(
    page: Client, installed: Callable[[str], Path], tmp_path: Path
) -> None:
    installed("tiny")
    data = form_page(page) | {"lora-rank": "3", "epochs": "2", "recipe_name": "Mine"}
    assert (
        "Saved as the recipe Mine" in page.post("/training/new/sft/recipe", data).content.decode()
    )
    assert (
        "You have a recipe called" in page.post("/training/new/sft/recipe", data).content.decode()
    )
    recipe = Recipe.objects.get()
    assert not {"name", "model", "dataset"} & set(recipe.values)
    form = page.get(f"/training/new/sft/?recipe={recipe.pk}").context["form"]
    assert (form["lora-rank"].value(), form["epochs"].value()) == ("3", "2")
    file = tmp_path / "run.json"
    file.write_text('{"dataset": "sums", "epochs": 5}')
    Recipe.objects.update(shared=True)
    call_command("train", "sft", "--config", str(file), "--recipe", "Mine", stdout=StringIO())
    job = TrainingJob.objects.get()
    assert (job.peft["rank"], job.config["epochs"]) == (3, 5)
    with pytest.raises(CommandError, match="There is no recipe 'Mein'"):
        call_command("train", "sft", "--config", str(file), "--recipe", "Mein")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("recipe", recipes.shipped(), ids=lambda recipe: recipe.key)
def test_every_recipe_that_comes_with_the_app_can_be_started(recipe: recipes.Known) -> None:
    dataset = "sums" if recipe.method in ("sft", "ppo") else "liked"
    more = {"reward_model": "judge"} if recipe.method == "ppo" else {}
    assert asked(recipe.method, {**recipe.values, "dataset": dataset, **more}).config


@pytest.mark.usefixtures("known")
def test_a_stranger_finds_no_run_sweep_or_recipe_of_somebody_else(
    page: Client, trainer: User, admin: User, signed_in: Callable[[User], Client]
) -> None:
    job = runs_of(page, sweep_seeds="1 2")[0]
    recipe = Recipe.objects.create(owner=admin, name="x", method="sft", values={})
    other = signed_in(trainer)
    for address in (
        f"/training/runs/{job.pk}/again",
        f"/training/new/sft/?from={job.pk}",
        f"/training/new/sft/?recipe={recipe.pk}",
        f"/training/sweeps/{job.sweep_id}/",
    ):
        assert other.get(address).status_code == 404
    assert other.post(f"/training/sweeps/{job.sweep_id}/stop").status_code == 404
    assert other.post(f"/training/recipes/{recipe.pk}/delete").status_code == 404
    Recipe.objects.update(shared=True)
    assert other.get(f"/training/new/sft/?recipe={recipe.pk}").status_code == 200
    assert other.post(f"/training/recipes/{recipe.pk}/delete").status_code == 404
    assert page.post(f"/training/recipes/{recipe.pk}/delete").status_code == 302
