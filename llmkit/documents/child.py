"""The process that reads one file: `python -m llmkit.documents.child SECONDS MEMORY_MB KIND`.

The file is standard input; standard output gets one JSON object, {"text", "pages"} or {"error"}.
Its limits are set before anything of the file is looked at, see `llmkit.confined`.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from llmkit.confined import limit
from llmkit.documents.parts import TOO_MUCH, DocumentError, ReadDocument, checked
from llmkit.documents.pdf import read_pdf
from llmkit.documents.plain import read_plain
from llmkit.documents.word import read_word

Reader = Callable[[BinaryIO, str], ReadDocument]
READERS: dict[str, Reader] = {
    "txt": read_plain,
    "md": read_plain,
    "pdf": read_pdf,
    "docx": read_word,
}
UNREADABLE = "It can't be read; it may be damaged. Open it and save it again."


def report(file: BinaryIO, kind: str) -> dict[str, Any]:
    """What standard output gets. Whatever a file makes a library do becomes a sentence here."""
    try:
        document = checked(READERS[kind](file, kind))
    except DocumentError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": TOO_MUCH}
    except Exception as error:
        print(f"{type(error).__name__}: {error}"[:500], file=sys.stderr)  # noqa: T201
        return {"error": UNREADABLE}
    return {"text": document.text, "pages": document.pages}


def main(seconds: str, memory_mb: str, kind: str) -> None:
    limit(int(seconds), int(memory_mb))
    json.dump(report(sys.stdin.buffer, kind), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
