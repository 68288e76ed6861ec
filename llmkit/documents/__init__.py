"""Files that people bring, as plain text: .txt, .md, .pdf and .docx. A file is hostile data.

`read_file` looks at the content, then reads it in a process of its own with limits of time and
memory, so that nothing a file holds can hurt the process that asked.
"""

from llmkit.documents.kinds import ENDINGS
from llmkit.documents.parts import DocumentError, Limits, ReadDocument
from llmkit.documents.reading import read_file

__all__ = ["ENDINGS", "DocumentError", "Limits", "ReadDocument", "read_file"]
