"""PDF files page by page, with pypdf (https://pypdf.readthedocs.io)."""

from typing import Any, BinaryIO

from llmkit.documents.parts import DocumentError, ReadDocument, tidy

LOCKED = "It is locked with a password. Save a copy without one."
PICTURES = "It holds no text: its pages are pictures. Run text recognition (OCR) over it first."
DAMAGED = "It is damaged, or not a PDF. Open it and save it again."


def read_pdf(file: BinaryIO, kind: str) -> ReadDocument:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(file)
        if reader.is_encrypted:
            _unlock(reader)
        pages = [_page(page) for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(DAMAGED) from error
    if not any(pages):
        raise DocumentError(PICTURES if pages else DAMAGED)
    return ReadDocument(kind, joined(pages), len(pages))


def joined(pages: list[str]) -> str:
    """The pages' texts, each under its number; a single page needs none."""
    if len(pages) == 1:
        return pages[0]
    return "\n\n".join(f"[Page {number}]\n{text}".strip() for number, text in enumerate(pages, 1))


def _unlock(reader: Any) -> None:
    """Open what is locked against changes only: its password for reading is empty."""
    from pypdf.errors import DependencyError

    try:
        opened = reader.decrypt("")
    except (DependencyError, NotImplementedError) as error:
        raise DocumentError(LOCKED) from error
    if not opened:
        raise DocumentError(LOCKED)


def _page(page: Any) -> str:
    return tidy(page.extract_text() or "")
