"""Tables that a process of its own reads, because a web process waits for them."""

import gzip
from pathlib import Path

import pytest

from training.tables import TableError, open_table
from training.tables.apart import Bounds, rows_apart


def packed_text(path: Path) -> Path:
    """A Parquet file of a few kilobytes: one text of a megabyte, a thousand times."""
    import pyarrow
    import pyarrow.parquet

    column = pyarrow.array(["x" * 1_000_000] * 1000).dictionary_encode()
    pyarrow.parquet.write_table(pyarrow.table({"reference": column}), path, compression="gzip")
    assert path.stat().st_size < 100_000
    return path


def test_they_are_the_rows_that_are_read_here(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b'{"a": "\\ud83e\\udd8a", "b": [1, null]}\nfox\n{"a": 2}\n')
    found = rows_apart(path, "../its\x00own name.jsonl", Bounds())
    assert found == list(open_table(path, "x.jsonl").rows)
    assert len(found) == 3


def test_a_small_file_that_unpacks_to_too_much_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="It unpacks to too much"):
        rows_apart(packed_text(tmp_path / "x"), "x.parquet", Bounds())
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(b'{"a": "%s"}\n' % (b"x" * 1000) * 2000))
    with pytest.raises(TableError, match="It unpacks to too much"):
        rows_apart(path, "x.jsonl.gz", Bounds(bytes=1_000_000))
    with pytest.raises(TableError, match="more than 1,000 rows"):
        rows_apart(path, "x.jsonl.gz", Bounds(rows=1000))


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b'{"a": "b"}\n' * 2_000_000)
    with pytest.raises(TableError, match="takes too long"):
        rows_apart(path, "x.jsonl", Bounds(seconds=1, rows=10_000_000))
