"""Small files of each kind that can be attached, built byte by byte or by the format's library."""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any


def pdf_file(*pages: str) -> bytes:
    """A PDF with a line of text a page; an empty one stands for a picture."""
    streams = [f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else "" for text in pages]
    places = [4 + 2 * number for number in range(len(pages))]
    kids = " ".join(f"{place} 0 R" for place in places)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for place, stream in zip(places, streams, strict=True):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {place + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return _numbered(objects)


def _numbered(objects: Sequence[str]) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    tail = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return out + f"{tail}startxref\n{len(out)}\n%%EOF\n".encode()


def locked_pdf(password: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_file("A secret"))))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    kept = io.BytesIO()
    writer.write(kept)
    return kept.getvalue()


def word_file(
    write: Callable[[Any], object] = lambda document: document.add_paragraph("Hello"),
) -> bytes:
    import docx

    document = docx.Document()
    write(document)
    kept = io.BytesIO()
    document.save(kept)
    return kept.getvalue()


def repacked(archive: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one of its files changed."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(kept, "w", 8) as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, change(data) if entry == name else data)
    return kept.getvalue()
