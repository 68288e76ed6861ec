"""Files become text, and a file that can't is refused in one sentence, whatever it holds."""

from pathlib import Path
from typing import Any

import pytest

from llmkit.documents import DocumentError, Limits, ReadDocument, read_file
from tests.files import locked_pdf, pdf_file, repacked, word_file

BODY = "word/document.xml"


def read(folder: Path, name: str, data: bytes, **limits: int) -> ReadDocument:
    path = folder / "given"
    path.write_bytes(data)
    return read_file(path, name, Limits(**limits))


def refused(folder: Path, name: str, data: bytes, **limits: int) -> str:
    with pytest.raises(DocumentError) as refusal:
        read(folder, name, data, **limits)
    return str(refusal.value)


@pytest.mark.parametrize(
    "data",
    ["Grüße “you”".encode(), "\ufeffGrüße “you”".encode(), "Grüße “you”".encode("utf-16")],
    ids=["utf-8", "utf-8 with a mark", "utf-16"],
)
def test_text_is_read_in_the_encodings_people_have(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, "a.md", data).text == "Grüße “you”"


def test_what_is_not_unicode_is_taken_for_windows_text(tmp_path: Path) -> None:
    found = read(tmp_path, "A.TXT", "Grüße “you”\r\nBye".encode("cp1252"))
    assert (found.text, found.words, found.pages) == ("Grüße “you”\nBye", 3, None)


def test_a_pdf_keeps_its_page_breaks(tmp_path: Path) -> None:
    found = read(tmp_path, "a.pdf", pdf_file("First page", "", "Third page"))
    assert found.pages == 3
    assert found.text == "[Page 1]\nFirst page\n\n[Page 2]\n\n[Page 3]\nThird page"


def test_a_pdf_locked_against_changes_only_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "a.pdf", locked_pdf("")).text == "A secret"


def test_a_word_file_keeps_headings_lists_and_tables_in_order(tmp_path: Path) -> None:
    def write(document: Any) -> None:
        document.add_heading("Report", 0)
        document.add_heading("Part", 2)
        document.add_paragraph("Before the table.")
        table = document.add_table(2, 2)
        for cell, text in zip(table._cells, ["Name", "Age", "Ann\nLee", "7"], strict=True):
            cell.text = text
        document.add_paragraph("A point", style="List Bullet")

    assert read(tmp_path, "a.docx", word_file(write)).text == (
        "# Report\n\n## Part\n\nBefore the table.\n\nName | Age\nAnn Lee | 7\n\n- A point"
    )


def bomb(data: bytes) -> bytes:
    return data.replace(b"Hello", b"Hello " * 50_000_000)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.exe", b"MZ", "Only .txt, .md, .pdf and .docx"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n ", "empty"),
        ("a.txt", bytes(range(256)), "not plain text"),
        ("a.txt", b"x" * 5000 + b"\x00", "not plain text"),
        ("a.txt", "Grüße".encode("utf-16-le"), "not plain text"),
        ("a.txt", pdf_file("Hello"), "It is a PDF with another ending"),
        ("a.md", word_file(), "Rename a Word document"),
        ("a.pdf", b"Hello", "not a PDF"),
        ("a.pdf", b"%PDF-1.7\nHello", "damaged"),
        ("a.pdf", pdf_file("Hello")[:200], "damaged"),
        ("a.pdf", pdf_file("", ""), "pages are pictures"),
        ("a.pdf", locked_pdf("secret"), "locked with a password"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Word file"),
        ("a.docx", b"PK\x03\x04 and no more", "damaged"),
        ("a.docx", word_file()[:-200], "damaged"),
        ("a.docx", repacked(word_file(), BODY, lambda _: b"<w:document"), "damaged"),
        ("a.docx", repacked(word_file(), BODY, bomb), "unpack to more than 200 MB"),
        ("a.docx", word_file(lambda document: document.add_paragraph(" ")), "empty"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    assert sentence in refused(tmp_path, name, data)


def test_reading_ends_where_its_time_or_memory_does(tmp_path: Path) -> None:
    paragraphs = b"<w:body>" + b"<w:p><w:r><w:t>Hi</w:t></w:r></w:p>" * 400_000
    heavy = repacked(word_file(), BODY, lambda data: data.replace(b"<w:body>", paragraphs))
    assert "too long" in refused(tmp_path, "a.docx", heavy, seconds=1)
    assert "more memory" in refused(tmp_path, "a.docx", heavy, memory_mb=256)


def test_reading_a_file_loads_no_model_library(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, llmkit.documents.child; print({'torch', 'django'} & set(sys.modules))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
