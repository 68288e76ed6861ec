"""Which reader takes a file: by its name and its first bytes; neither alone is believed."""

import zlib
from pathlib import Path

from training.tables import delimited, json_file, jsonl, parquet
from training.tables.lines import Lines, TooLongError
from training.tables.table import Limits, Options, Reader, Table, TableError

READERS: dict[str, Reader] = {
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".json": json_file.read,
    ".csv": delimited.read_csv,
    ".tsv": delimited.read_tsv,
    ".txt": jsonl.read_lines,
    ".parquet": parquet.read,
}
ENDINGS = (*READERS, *(f"{ending}.gz" for ending in READERS if ending != ".parquet"))
HEAD_BYTES = 4096
GZIP, ZIP, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"


def ending_of(name: str) -> str:
    """`.jsonl` of `x.jsonl.gz`; empty where no reader knows it."""
    suffixes = [part.lower() for part in Path(name).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes = [part for part in suffixes[:-1] if part != ".parquet"]
    return suffixes[-1] if suffixes and suffixes[-1] in READERS else ""


def open_table(
    path: Path, name: str, options: Options | None = None, limits: Limits | None = None
) -> Table:
    """The table in the file at `path`, which its owner calls `name`. TableError: one sentence."""
    ending = ending_of(name)
    if not ending:
        raise TableError(
            "Give a .jsonl, .json, .csv, .tsv, .txt or .parquet file; all but the last may be .gz."
        )
    check_head(head_of(path), ending)
    if ending == ".json" and has_objects_per_line(path, limits or Limits()):
        ending = ".jsonl"
    return READERS[ending](path, options or Options(), limits or Limits())


def head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.startswith(GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise TableError("The file is damaged. Pack it again.") from error


def check_head(head: bytes, ending: str) -> None:
    if not head.strip():
        raise TableError("The file is empty.")
    if head.startswith(ZIP):
        raise TableError("It is an archive. Unpack it and give the table in it.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError("It is UTF-16 text. Save it as UTF-8.")
    if head.startswith(PARQUET) != (ending == ".parquet"):
        is_one = head.startswith(PARQUET)
        raise TableError("Name it .parquet." if is_one else "It is no Parquet file.")
    if ending != ".parquet" and b"\x00" in head:
        raise TableError("It is not text, whatever its name says.")


def has_objects_per_line(path: Path, limits: Limits) -> bool:
    """Some call a file of JSON lines .json: its first line is an object, and there is another."""
    lines = Lines(path, limits)
    try:
        first, second = next(lines, b"").strip(), next(lines, b"").lstrip()
    except TooLongError:
        return False
    finally:
        lines.close()
    return first.startswith(b"{") and first.endswith(b"}") and second.startswith(b"{")
