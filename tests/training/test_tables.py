"""Files that people bring: what is read of them, and what a hostile one may cost."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.tables import BadRow, Limits, Options, RawRow, TableError, open_table

SMALL = Limits(unpacked=1_000_000, line=1000, whole=100_000, rows=1000)
Brought = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]


@pytest.fixture
def brought(tmp_path: Path) -> Brought:
    """`brought("x.csv", b"…")`: the good rows, and the faults of the bad ones."""

    def bring(name: str, data: bytes | str, **options: Any) -> Any:
        path = tmp_path / "upload"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        rows = list(open_table(path, name, Options(**options), SMALL).rows)
        assert [row.number for row in rows] == sorted({row.number for row in rows})
        good = [row.values for row in rows if isinstance(row, RawRow)]
        return good, Counter(row.fault for row in rows if isinstance(row, BadRow))

    return bring


def refusal(brought: Brought, name: str, data: bytes | str) -> str:
    with pytest.raises(TableError) as told:
        brought(name, data)
    return str(told.value)


ROWS = [{"q": "a", "a": "1"}, {"q": "b\nc", "a": "é"}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.jsonl", LINES),
        ("x.jsonl", "\ufeff" + LINES),
        ("x.json", LINES),
        ("x.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)),
        ("x.json", json.dumps(ROWS)),
        ("x.json", json.dumps({"version": 1, "examples": ROWS})),
        ("x.json", json.dumps({"q": ["a", "b\nc"], "a": ["1", "é"]})),
        ("x.csv", 'q,a\na,1\n"b\nc",é\n'),
        ("x.csv", '\ufeffq;a\r\na;1\r\n"b\nc";é\r\n'),
    ],
)
def test_the_same_rows_come_out_of_every_form(brought: Brought, name: str, data: Any) -> None:
    assert brought(name, data) == (ROWS, Counter())


def test_a_tsv_without_names_and_with_loose_quotes_is_read_as_it_is(brought: Brought) -> None:
    good, faults = brought("cola.tsv", 'gj04\t1\t\tHe said "no.\ngj04\t0\t*\t"Yes" he\n')
    assert [row["column 4"] for row in good] == ['He said "no.', '"Yes" he']
    assert not faults
    good, _ = brought("x.tsv", "a\tb\n1\t2\n", header=False)
    assert good[0] == {"column 1": "a", "column 2": "b"}


def test_parquet_is_read_with_what_is_nested_in_it(brought: Brought, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    said = [[{"role": "user", "content": "hi"}]] * 3
    columns = {"messages": said, "image": [b"\xff"] * 3, "score": [1.5, float("nan"), None]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "x.parquet")
    data = (tmp_path / "x.parquet").read_bytes()
    good, _ = brought("x.parquet", data)
    assert good[0]["messages"] == said[0]
    assert [row["score"] for row in good] == [1.5, None, None]
    assert good[0]["image"] == {"bytes": 1}
    assert "damaged" in refusal(brought, "x.parquet", data[:-20])
    assert "damaged" in refusal(brought, "x.parquet", b"PAR1" + os.urandom(200) + b"PAR1")


def test_squads_tree_is_a_row_for_each_question(brought: Brought) -> None:
    asked = {"id": 7, "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}]}
    tree = {"data": [{"title": "T", "paragraphs": [{"context": "Ann ran.", "qas": [asked]}]}]}
    good, _ = brought("x.json", json.dumps(tree))
    assert good[0]["answers"] == ["Ann"]
    assert good[0]["context"] == "Ann ran."


def test_bad_rows_are_named_and_the_others_are_read(brought: Brought) -> None:
    data = b'{"a": 1}\nnonsense\n[1]\n{"a": NaN}\n{"a": "\xff"}\n\n{"a": "' + b"x" * 5000
    good, faults = brought("x.jsonl", data + b'"}\n' + b"[" * 900 + b"\n" + b'{"a": 2}')
    assert [row["a"] for row in good] == [1, 2]
    assert faults == {
        "the row is not JSON": 3,
        "the row is not an object": 1,
        "the row is not UTF-8 text": 1,
        "the row is longer than 1,000 bytes": 1,
    }


def test_a_ragged_table_keeps_its_good_rows(brought: Brought) -> None:
    good, faults = brought("x.csv", "a,b\n1,2\n1\n1,2,3\n,\n3,4\n5,\xff\n".encode("latin-1"))
    assert good == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert faults["the row has more or fewer cells than the first row"] == 2
    assert faults["the row is not UTF-8 text"] == 1


def test_a_quote_that_is_never_closed_ends_with_the_file(brought: Brought) -> None:
    good, faults = brought("x.csv", 'a,b\n1,2\n3,"4\n' + "5,6\n" * 2000)
    assert good[0] == {"a": "1", "b": "2"}
    assert faults.total() >= 1


def test_names_are_made_fit_to_be_shown(brought: Brought) -> None:
    good, _ = brought("x.csv", "a,a,,\x07b\n1,2,3,4\n", header=True)
    assert list(good[0]) == ["a", "a (2)", "column 3", "b"]
    good, _ = brought("x.jsonl", json.dumps({"\x00q" + "x" * 500: 1}))
    assert len(next(iter(good[0]))) <= 200


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.exe", b"a", "Give a .jsonl"),
        ("x.jsonl", b"", "empty"),
        ("x.csv", b"PK\x03\x04zip", "archive"),
        ("x.csv", b"\x00\x01\x02", "not text"),
        ("x.csv", "a,b".encode("utf-16"), "UTF-16"),
        ("x.parquet", b"a,b\n1,2", "no Parquet file"),
        ("x.csv", b"PAR1....", "Name it .parquet"),
        ("x.json", b"{", "not JSON"),
        ("x.json", b'{"a": 1}', "not clear where its rows are"),
        ("x.json", b"[" + b"1," * 60_000 + b"1]", "Save it as JSON lines"),
        ("x.json.gz", gzip.compress(b" " * 200_000 + b"[]", mtime=0), "empty"),
        ("x.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)[:-9], "damaged"),
        ("x.csv", b"a" + b"," * 501, "at most 500"),
    ],
)
def test_what_can_not_be_read_is_told_in_a_sentence(
    brought: Brought, name: str, data: bytes, sentence: str
) -> None:
    assert sentence in refusal(brought, name, data)


def test_a_zip_bomb_ends_at_the_bound(brought: Brought) -> None:
    bomb = gzip.compress(LINES.encode() + b"x" * 50_000_000, mtime=0)
    assert len(bomb) < 100_000
    assert "unpacks to more than 1 MB" in refusal(brought, "x.jsonl.gz", bomb)
    assert "unpacks to more than 1 MB" in refusal(brought, "x.csv.gz", bomb)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(["x.jsonl", "x.json", "x.csv", "x.tsv", "x.txt", "x.parquet"]),
    data=st.binary(max_size=300)
    | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")),
)
def test_no_file_does_more_than_be_refused(brought: Brought, name: str, data: bytes) -> None:
    try:
        good, _ = brought(name, data)
    except TableError as error:
        assert str(error).endswith(".")
    else:
        assert all(isinstance(row, dict) for row in good)
