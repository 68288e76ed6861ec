"""Datasets and their versions: looked at, compared, downloaded, put away; by whom."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from training import dataset_panels, dataset_uses
from training.dataset_panels import Origin, Panel
from training.dataset_uses import Dependant
from training.models import Dataset, DatasetVersion
from training.services import dataset_changes, dataset_rows, datasets

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]


def row(place: int, answer: str = "four") -> dict[str, Any]:
    said = [{"role": "user", "content": f"Question {place}?"}]
    return {"messages": said, "completion": f"{answer} <b>{place}</b>"}


def frozen(by: User, *, rows: int = 3, name: str = "sums", **more: Any) -> DatasetVersion:
    files = {"train.jsonl": [row(n) for n in range(rows)], "test.jsonl": [row(900)]}
    source = {"from": "file", "file": "sums.jsonl", "rows": rows}
    facts = {"kind": "completion", "files": files, "source": source, "report": {}} | more
    return datasets.freeze(name=name, made_by=by, **facts)


def bytes_of(client: Client, address: str) -> bytes:
    answer: Any = client.get(address)
    return b"".join(answer.streaming_content)


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


@pytest.fixture
def mine(trainer: User, signed_in: SignedIn) -> Client:
    return signed_in(trainer)


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dataset_panels, "_sources", [])
    monkeypatch.setattr(dataset_panels, "_origins", [])
    monkeypatch.setattr(dataset_uses, "_sources", [])
    yield


def test_the_list_says_what_there_is_and_where_it_came_from(mine: Client, trainer: User) -> None:
    assert "There is no dataset yet" in text(mine, "/training/datasets/")
    frozen(trainer)
    listed = text(mine, "/training/datasets/")
    assert "Prompts with completions" in listed
    assert "The file sums.jsonl" in listed
    assert "No dataset fits" in text(mine, "/training/datasets/?q=nothing")
    assert "No dataset fits" in text(mine, "/training/datasets/?kind=text")
    assert "sums" in text(mine, "/training/datasets/?q=SUM&kind=completion")


def test_many_datasets_come_in_pages(mine: Client, trainer: User) -> None:
    Dataset.objects.bulk_create(
        Dataset(name=f"set {n}", kind="text", owner=trainer) for n in range(2_000)
    )
    assert "Page 3 of 80" in text(mine, "/training/datasets/?page=3")


def test_a_version_shows_its_rows_as_text_only(mine: Client, trainer: User) -> None:
    version = frozen(trainer, rows=50)
    page = text(mine, version.get_absolute_url())
    assert "four &lt;b&gt;0&lt;/b&gt;" in page
    assert "Page 1 of 3" in page
    assert "Row 21" in text(mine, f"{version.get_absolute_url()}?page=2")
    found = text(mine, f"{version.get_absolute_url()}?q=QUESTION 4")
    assert "11 rows hold “QUESTION 4”" in found
    assert "Question 900" in text(mine, f"{version.get_absolute_url()}?file=test.jsonl")
    assert "has no file" in text(mine, f"{version.get_absolute_url()}?file=../x")
    assert "no row on this page" in text(mine, f"{version.get_absolute_url()}?page=99")


def test_words_with_quotes_and_line_ends_are_found(trainer: User) -> None:
    said = 'She said "no"\nand left\\'
    files = {"train.jsonl": [{"text": "yes"}, {"text": said}]}
    version = frozen(trainer, name="said", kind="text", files=files)
    for words in ('"NO"', "left\\", '"no"\nand'):
        found = dataset_rows.page_of(version, "train.jsonl", words=words)
        assert [shown.number for shown in found.shown] == [2]


def test_versions_are_compared_row_by_row(mine: Client, trainer: User) -> None:
    first = frozen(trainer, rows=3)
    files = {"train.jsonl": [row(1), row(900)], "test.jsonl": [row(7)]}
    second = frozen(trainer, files=files)
    counts = dataset_changes.counts(second, first)
    assert counts == dataset_changes.Counts(added=1, gone=2, moved=1)
    assert "1 new, 2 gone, 1 in another split" in text(mine, second.dataset.get_absolute_url())
    changes = f"{second.get_absolute_url()}changes/"
    assert "Question 7?" in text(mine, changes)
    assert "Question 0?" in text(mine, f"{changes}?which=gone")
    text(mine, f"{first.get_absolute_url()}changes/", 404)


def test_files_are_downloaded_as_frozen_and_as_tables(mine: Client, trainer: User) -> None:
    version = frozen(trainer, name="=evil", kind="text", files={"train.jsonl": [{"text": "=1+1"}]})
    address = f"{version.get_absolute_url()}files/train.jsonl"
    assert bytes_of(mine, address) == b'{"text":"=1+1"}\n'
    assert bytes_of(mine, f"{address}?as=csv") == b"text\r\n'=1+1\r\n"
    assert bytes_of(mine, f"{address}?as=parquet")[:4] == b"PAR1"
    (version.folder / "train.jsonl").write_text("{}")
    answer = mine.get(f"{address}?as=csv")
    assert (answer.status_code, b"was changed after it was frozen" in answer.content) == (410, True)


def test_parquet_keeps_messages_and_writes_what_has_no_one_shape_as_json(
    mine: Client, trainer: User, tmp_path: Any
) -> None:
    import pyarrow.parquet

    rows = [row(1) | {"odd": 1}, row(2) | {"odd": "two"}]
    version = frozen(trainer, files={"train.jsonl": rows})
    path = tmp_path / "x.parquet"
    path.write_bytes(bytes_of(mine, f"{version.get_absolute_url()}files/train.jsonl?as=parquet"))
    found = pyarrow.parquet.read_table(path).to_pylist()
    assert found[0]["messages"] == rows[0]["messages"]
    assert [json.loads(one["odd"]) for one in found] == [1, "two"]


def test_a_dataset_is_its_owners_until_it_is_shared_with_every_trainer(
    trainer: User, owner: User, signed_in: SignedIn
) -> None:
    version = frozen(owner, name="private")
    home, page = version.dataset.get_absolute_url(), version.get_absolute_url()
    file = f"{page}files/{next(iter(version.files))}"
    for address in (home, page, file, f"{page}changes/", f"{page}refused"):
        text(signed_in(trainer), address, 404)
    assert "private" not in text(signed_in(trainer), "/training/datasets/")
    asked = {"name": "private", "licence": "", "notes": "", "shared": "on"}
    assert signed_in(owner).post(home, asked).status_code == 302
    assert "Every trainer" in text(signed_in(trainer), home)
    assert signed_in(trainer).get(file).status_code == 200


def test_only_the_owner_and_admins_change_a_dataset(
    trainer: User, admin: User, owner: User, member: User, signed_in: SignedIn
) -> None:
    version = frozen(owner)
    Dataset.objects.update(shared=True)
    home = version.dataset.get_absolute_url()
    asked = {"name": "mine", "licence": "", "notes": ""}
    assert "Archive" not in text(signed_in(trainer), home)
    acts = [f"{home}{act}" for act in ("archive", "restore", "delete", "")]
    assert [signed_in(trainer).post(act, asked).status_code for act in acts] == [404] * 4
    for address in (home, version.get_absolute_url(), "/training/datasets/"):
        text(signed_in(member), address, 404)
    changed = {"name": "Sums", "licence": "MIT", "notes": "By hand", "shared": "on"}
    answer = signed_in(admin).post(home, changed)
    assert answer.status_code == 302
    assert "By hand" in text(signed_in(trainer), home)


def test_a_taken_name_is_refused_and_what_was_typed_stays(mine: Client, trainer: User) -> None:
    frozen(trainer, name="one")
    two = frozen(trainer, name="two").dataset
    asked = {"name": "one", "licence": "MIT", "notes": "kept"}
    answer = mine.post(two.get_absolute_url(), asked)
    assert answer.status_code == 422
    assert "There is a dataset called one already." in answer.content.decode()
    assert "kept" in answer.content.decode()
    two.refresh_from_db()
    assert (two.name, two.licence) == ("two", "")


@pytest.mark.both
def test_a_dataset_is_archived_brought_back_and_deleted(mine: Client, trainer: User) -> None:
    version = frozen(trainer)
    home = version.dataset.get_absolute_url()
    assert "Undo" in mine.post(f"{home}archive", follow=True).content.decode()
    assert "1 archived" in text(mine, "/training/datasets/")
    mine.post(f"{home}restore")
    refused = mine.post(f"{home}delete", follow=True).content.decode()
    assert "Archive the dataset first" in refused
    mine.post(f"{home}archive")
    mine.post(f"{home}delete")
    assert not Dataset.objects.exists()
    assert not version.folder.exists()


def test_what_a_run_needs_is_not_deleted(mine: Client, trainer: User, panels: None) -> None:
    version = frozen(trainer)
    dataset_uses.register(lambda versions: [Dependant(v, "run 12", "/runs/12") for v in versions])
    home = version.dataset.get_absolute_url()
    mine.post(f"{home}archive")
    assert "is needed by run 12" in mine.post(f"{home}delete", follow=True).content.decode()
    assert version.folder.exists()
    assert '<a href="/runs/12">run 12</a>' in text(mine, home)


def test_other_rooms_put_panels_on_a_version(mine: Client, trainer: User, panels: None) -> None:
    version = frozen(trainer)
    panel = Panel("datasets/origin.html", source="Rankings of Foxes", source_url="/feedback/foxes/")
    dataset_panels.register(lambda shown, user: panel if shown == version else None)
    dataset_panels.register(lambda shown, user: None)
    link = '<a href="/feedback/foxes/">Rankings of Foxes</a>'
    assert text(mine, version.get_absolute_url()).count(link) == 2
    origin = Origin("Rankings of Foxes", "/feedback/foxes/")
    dataset_panels.register_origins(lambda versions, user: {v.pk: origin for v in versions})
    assert "Rankings of Foxes" in text(mine, "/training/datasets/")
    assert link in text(mine, version.dataset.get_absolute_url())
