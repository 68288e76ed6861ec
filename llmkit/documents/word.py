"""Word files: headings, paragraphs and tables in their order, with python-docx.

https://python-docx.readthedocs.io. Headers, footers, notes and pictures are left out.
"""

import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from llmkit.documents.parts import DocumentError, ReadDocument, tidy

MAX_UNPACKED = 200 * 1024 * 1024
BODY = "word/document.xml"
NOT_WORD = "It is not a Word document, whatever its ending says."
DAMAGED = "It is damaged. Open it in a word processor and save it again."


def read_word(file: BinaryIO, kind: str) -> ReadDocument:
    check_archive(file)
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from lxml.etree import LxmlError

    try:
        document = docx.Document(file)
        text = "\n\n".join(blocks(document))
    except (PackageNotFoundError, zipfile.BadZipFile, LxmlError, KeyError, ValueError) as error:
        raise DocumentError(DAMAGED) from error
    return ReadDocument(kind, tidy(text))


def check_archive(file: BinaryIO) -> None:
    """Refuse what is no Word document or would unpack to more than MAX_UNPACKED bytes.

    The sizes are the archive's own word; its reader never unpacks more than it promised.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DocumentError(DAMAGED) from error
    file.seek(0)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise DocumentError(
            f"It would unpack to more than {MAX_UNPACKED // 1024**2} MB. Take its pictures out."
        )
    if BODY not in {entry.filename for entry in entries}:
        raise DocumentError(NOT_WORD)


def blocks(document: Any) -> Iterator[str]:
    from docx.table import Table

    for block in document.iter_inner_content():
        text = table(block) if isinstance(block, Table) else paragraph(block)
        if text:
            yield text


def paragraph(block: Any) -> str:
    """Its text; a heading has as many # before it as its level, a list item a dash."""
    text: str = block.text.strip()
    style = (block.style.name if block.style is not None else "") or ""
    if not text:
        return ""
    if style == "Title":
        return f"# {text}"
    if style.startswith("Heading "):
        level = style.removeprefix("Heading ")
        return f"{'#' * int(level)} {text}" if level.isdecimal() else text
    return f"- {text}" if style.startswith("List") else text


def table(block: Any) -> str:
    return "\n".join(" | ".join(cells(row.cells)) for row in block.rows)


def cells(row: Iterable[Any]) -> Iterator[str]:
    """The texts of a row on one line each; a merged cell is said once."""
    before = None
    for cell in row:
        if cell._tc is not before:
            yield " ".join(cell.text.split())
        before = cell._tc
