"""Text files in the encodings people have: UTF-8, UTF-16 with its mark, Windows-1252."""

from typing import BinaryIO

from llmkit.documents.kinds import is_binary
from llmkit.documents.parts import DocumentError, ReadDocument, clean

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_plain(file: BinaryIO, kind: str) -> ReadDocument:
    data = file.read()
    if not data.startswith(UTF16_MARKS) and is_binary(data):
        raise DocumentError("It is not plain text. Save it as text in UTF-8.")
    return ReadDocument(kind, clean(decoded(data)))


def decoded(data: bytes) -> str:
    """The text by the first encoding that fits. Windows-1252 fits almost anything: it is last."""
    encodings = ["utf-16"] if data.startswith(UTF16_MARKS) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentError("Its encoding is not known. Save it as text in UTF-8.")
