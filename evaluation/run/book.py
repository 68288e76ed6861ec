"""Every answer that came, in a file that is only ever added to, so that none is asked for twice.

{"key": "3f…", "text": "…", "reason": "stop", "prompt": "…", "prompt_tokens": 40,
 "completion_tokens": 7}
{"key": "a9…", "logprob": -4.25, "greedy": false, "prompt_tokens": 31}
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Answer = Mapping[str, Any]


def key_of(kind: str, asked: Any, repeat: int = 0) -> str:
    """A request's hash. `repeat` tells apart requests that are asked several times on purpose."""
    text = json.dumps([kind, asked, repeat], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class AnswerBook:
    """Answers by key. A line that a killed process left unfinished is passed over and closed."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.answers = {answer["key"]: answer for answer in _lines(path)}
        self._file = path.open("a+b", buffering=0)
        self._mend()

    def __contains__(self, key: str) -> bool:
        return key in self.answers

    def __getitem__(self, key: str) -> Answer:
        return self.answers[key]

    def add(self, key: str, **answer: Any) -> None:
        line = json.dumps({"key": key, **answer}, ensure_ascii=False)
        self._file.write(line.encode("utf-8", "replace") + b"\n")
        self.answers[key] = {"key": key, **answer}

    def total(self, name: str) -> int:
        return sum(int(answer.get(name) or 0) for answer in self.answers.values())

    def close(self) -> None:
        self._file.close()

    def _mend(self) -> None:
        size = self._file.seek(0, 2)
        if size:
            self._file.seek(size - 1)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict) and "key" in found:
                yield found
