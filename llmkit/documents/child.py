"""The process that reads one file: `python -m llmkit.documents.child KIND SECONDS MEMORY_MB`.

The file is standard input; standard output gets one JSON object, {"text", "pages"} or {"error"}.
Its limits are set before anything of the file is looked at. It may not write files. What is not
covered: it could still open connections, so a fault in lxml that runs foreign code is not caged.
"""

import json
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

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


def limit(seconds: int, memory_mb: int) -> None:
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


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


def main(kind: str, seconds: str, memory_mb: str) -> None:
    limit(int(seconds), int(memory_mb))
    json.dump(report(sys.stdin.buffer, kind), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
