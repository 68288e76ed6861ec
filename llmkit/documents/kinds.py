"""What a file is, by its first bytes and its name together: neither alone is believed."""

from pathlib import PurePath

from llmkit.documents.parts import DocumentError

ENDINGS = (".txt", ".md", ".pdf", ".docx")
HEAD_BYTES = 1024
PDF, ZIP, OLE = b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PLAIN_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


def kind_of(name: str, head: bytes) -> str:
    """One of txt, md, pdf, docx. DocumentError where name and content disagree.

    `head` is the file's beginning, HEAD_BYTES of it if it is that long.
    """
    kind = PurePath(name).suffix.lower().removeprefix(".")
    if f".{kind}" not in ENDINGS:
        raise DocumentError(f"Only {', '.join(ENDINGS[:-1])} and {ENDINGS[-1]} files can be read.")
    if not head.strip():
        raise DocumentError("The file is empty.")
    found = "pdf" if kind == "pdf" and PDF in head else content_of(head)
    if found == "ole":
        raise DocumentError(
            "It is locked with a password, or an old Word file. Save it as .docx without one."
        )
    if found != ("text" if kind in {"txt", "md"} else kind):
        raise DocumentError(_mismatch(kind, found))
    return kind


def content_of(head: bytes) -> str:
    """pdf, docx (any ZIP archive), ole, text or other. A PDF may begin a little later than at its
    first byte, but then only the name tells it from a text about PDFs."""
    if head.lstrip().startswith(PDF):
        return "pdf"
    if head.startswith(ZIP):
        return "docx"
    if head.startswith(OLE):
        return "ole"
    return "text" if head.startswith(PLAIN_BOMS) or not is_binary(head) else "other"


def is_binary(data: bytes) -> bool:
    """Holds bytes that no text in UTF-8 or a Windows code page has."""
    controls = set(range(32)) - {9, 10, 12, 13, 27}
    return any(byte in controls for byte in data)


def _mismatch(kind: str, found: str) -> str:
    if found == "pdf":
        return "It is a PDF with another ending. Rename it to end in .pdf."
    if found == "docx" and kind != "docx":
        return "It is an archive or a Word document. Rename a Word document to end in .docx."
    if kind in {"txt", "md"}:
        return "It is not plain text. Save it as text in UTF-8."
    return f"It is not a {'PDF' if kind == 'pdf' else 'Word document'}, whatever its ending says."
