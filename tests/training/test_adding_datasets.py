"""Adding a dataset: looked at, chosen by a person, built; never half-added."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from tests.training.datasets_added import (
    HERE,
    MAPPING,
    SignedIn,
    Tasks,
    confirm,
    lines,
    sent,
    work,
)
from training.models import Dataset, DatasetAddition, DatasetVersion
from training.preparing.request import Splits
from training.services import dataset_adding, datasets
from training.services.datasets import DatasetError

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_a_file_is_looked_at_chosen_and_becomes_a_version(
    trainer: User, left: Callable[[], list[str]], tasks: Tasks
) -> None:
    addition = work(sent(trainer))
    assert addition.is_to_confirm
    assert addition.found["columns"] == ["question", "answer", "split"]
    assert addition.found["suggested"]["completion"] == MAPPING
    assert not Dataset.objects.exists()
    confirm(addition, trainer)
    assert tasks == [(str(addition.pk), 1), (str(addition.pk), 2)]
    version = work(addition).version
    assert version is not None
    assert version.report["counts"]["read"] == 42
    assert version.report["refused"] == {
        "completion is missing": 1,
        "the same as an earlier row": 1,
    }
    assert left() == [version.folder.name]
    refused = (version.folder / "refused.jsonl").read_text().splitlines()
    assert json.loads(refused[0])["row"] == 41
    rows = {name: list(datasets.rows_of(version, name)) for name in version.files}
    prompts = [{row["messages"][0]["content"] for row in found} for found in rows.values()]
    assert sum(map(len, prompts)) == len(set.union(*prompts)) == 20


def test_the_same_again_is_the_same_version_and_more_rows_a_new_one(
    looked: DatasetAddition, trainer: User
) -> None:
    confirm(looked, trainer)
    first = work(looked).version
    again = work(sent(trainer))
    confirm(again, trainer)
    assert work(again).version == first
    more = work(sent(trainer, lines(60)))
    confirm(more, trainer)
    second = work(more).version
    assert (first and first.number, second and second.number) == (1, 2)
    assert first is not None and second is not None
    split = {
        row["messages"][0]["content"]: name
        for name in second.files
        for row in datasets.rows_of(second, name)
    }
    for name in first.files:
        for row in datasets.rows_of(first, name):
            assert split[row["messages"][0]["content"]] == name


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"kind": "evaluations"}, "Did you mean 'evaluation'"),
        ({"mapping": {"prompt": ["question"]}}, "which column holds completion"),
        ({"mapping": {"prompt": ["quest"]}}, "There is no column quest"),
        ({"name": " "}, "Give it a name"),
        ({"name": "theirs"}, "a dataset called theirs already"),
        ({"name": "mine"}, "mine holds plain text"),
        ({"splits": Splits("shares", shares={"train": 0.5})}, "must add up to 1"),
        ({"splits": Splits("own", column="x")}, "which column holds the split"),
        ({"splits": Splits("files")}, "no splits of their own"),
    ],
)
def test_choices_that_do_not_fit_change_nothing(
    looked: DatasetAddition, trainer: User, owner: User, more: dict[str, Any], sentence: str
) -> None:
    for name, by in (("theirs", owner), ("mine", trainer)):
        files = {"train.jsonl": [{"text": "a"}]}
        datasets.freeze(name=name, kind="text", files=files, source={}, report={}, made_by=by)
    with pytest.raises(DatasetError, match=sentence):
        confirm(looked, trainer, **more)
    looked.refresh_from_db()
    assert looked.is_to_confirm


def test_a_prompt_of_another_split_is_left_out(trainer: User) -> None:
    rows = [("a", "train"), ("b", "dev"), ("A!", "test"), ("c", "elsewhere")]
    data = "".join(json.dumps({"text": t, "split": s}) + "\n" for t, s in rows).encode()
    addition = work(sent(trainer, data))
    own = Splits("own", column=addition.found["split_column"])
    confirm(addition, trainer, kind="text", mapping={"text": ["text"]}, splits=own)
    version = work(addition).version
    assert version is not None
    assert version.report["counts"]["splits"] == {"train": 1, "validation": 1}
    assert version.report["refused"] == {
        "its prompt stands in another split already": 1,
        "its split is none of train, validation and test": 1,
    }


def test_rows_that_all_fail_leave_nothing(
    looked: DatasetAddition, trainer: User, left: Callable[[], list[str]]
) -> None:
    confirm(looked, trainer, kind="completion", mapping={"messages": ["question"]})
    failed = work(looked)
    assert (failed.state, failed.version) == ("failed", None)
    assert "In 42 of 42, messages is not a list of messages" in failed.error
    assert left() == []
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.csv", b"PK\x03\x04", "archive"),
        ("x.jsonl", b"nonsense\n", "In 1 of them, the row is not JSON"),
        ("x.parquet", b"PAR1" + b"\x00" * 50, "damaged"),
    ],
)
def test_a_file_that_can_not_be_read_leaves_a_sentence(
    trainer: User, left: Callable[[], list[str]], name: str, content: bytes, sentence: str
) -> None:
    failed = work(sent(trainer, content, name))
    assert failed.state == "failed"
    assert sentence in failed.error
    assert left() == []


def test_what_is_too_large_or_of_no_known_form_is_refused_before_it_is_sent(
    trainer: User, settings: Any
) -> None:
    settings.DATASET_UPLOAD_LIMIT = 1000
    for name, size, sentence in (
        ("x.jsonl", 1001, "at most 1 kB"),
        ("x.zip", 10, "Choose a .jsonl"),
        ("x.jsonl", 0, "empty"),
    ):
        with pytest.raises(DatasetError, match=sentence):
            dataset_adding.begin_upload(file_name=name, size=size, by=trainer)
    assert not DatasetAddition.objects.exists()


def test_the_pages_lead_from_a_file_to_a_version(
    trainer: User, owner: User, stranger: User, signed_in: SignedIn
) -> None:
    mine, data = signed_in(trainer), lines()
    told = mine.post(f"{HERE}upload/", {"file_name": "sums.jsonl", "size": len(data)}).json()
    address = f"{HERE}upload/{told['id']}/0"
    assert signed_in(owner).put(address, data).status_code == 404
    assert mine.put(address, data).json()["have"] == len(data)
    addition = DatasetAddition.objects.get()
    assert "Waiting for a worker" in mine.get(told["page"]).content.decode()
    work(addition)
    assert "HX-Redirect" in mine.get(f"{told['page']}state").headers
    asked = {"name": "sums", "kind": "completion", "way": "one", "split": "train"}
    asked |= {"shown_kind": "completion", "map_prompt": "question", "map_completion": "answer"}
    shown = mine.post(f"{told['page']}preview", asked | {"map_completion": "split"})
    assert "All of the first 20 rows fit" in shown.content.decode()
    refused = mine.post(told["page"], asked | {"map_completion": "", "name": "typed"})
    assert refused.status_code == 422
    assert "which column holds completion" in refused.content.decode()
    assert 'value="typed"' in refused.content.decode()
    mine.post(told["page"], asked)
    addition.refresh_from_db()
    version = work(addition).version
    assert version is not None
    page = mine.get(told["page"], follow=True).content.decode()
    assert "The file sums.jsonl" in page
    assert "1: completion is missing" in page
    answer: Any = mine.get(f"{version.get_absolute_url()}refused")
    assert b"completion is missing" in b"".join(answer.streaming_content)
    for other, status in ((owner, 302), (stranger, 404)):
        assert signed_in(other).get(told["page"]).status_code == status


def test_the_shell_adds_and_lists(
    owner: User, tmp_path: Path, capsys: Any, left: Callable[[], list[str]]
) -> None:
    file = tmp_path / "sums.jsonl"
    file.write_bytes(lines())
    call_command("add_dataset", str(file), kind="completion", shares="80/10/10", format="json")
    told = json.loads(capsys.readouterr().out)
    assert (told["dataset"], told["version"], told["counts"]["rows"]) == ("sums", 1, 40)
    assert all(len(found) == 64 for found in told["sha256"].values())
    call_command("datasets", format="json")
    assert json.loads(capsys.readouterr().out)[0]["versions"][0]["rows"] == 40
    for wrong, sentence in (
        ({"kind": "completions"}, "Did you mean 'completion'"),
        ({"kind": "completion", "map": ["prompt=quest"]}, "There is no column quest"),
        ({"kind": "text"}, "which column holds text"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("add_dataset", str(file), **wrong)
    assert left() == [DatasetVersion.objects.get().folder.name]
