"""Requests put to whoever answers, each once: what the book holds already is not asked again."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.run.answerers import Answerer, Ask, Heard, OwnAnswerer
from evaluation.run.book import Answer, AnswerBook, key_of
from evaluation.run.progress import Progress
from training.run.errors import Stopped
from training.run.stopping import Stop

Tokens = Sequence[int]


@dataclass
class Asker:
    """`writer` writes texts, `own` says how likely texts are. Answers come back in order.

    `items` names the item behind each request, which is done when its last request is answered.
    """

    book: AnswerBook
    progress: Progress
    stop: Stop
    writer: Answerer
    own: OwnAnswerer

    def write(self, asks: Sequence[Ask], items: Sequence[Hashable]) -> list[Answer]:
        keys = list(numbered("write", [_plain(ask) for ask in asks]))
        missing = self._missing(keys, items)
        if missing:
            heard = self._hearing(keys, items, missing)
            self.writer.write([asks[place] for place in missing], heard, self.stop)
        return [self.book[key] for key in keys]

    def likelihoods(
        self, pairs: Sequence[tuple[Tokens, Tokens]], items: Sequence[Hashable]
    ) -> list[Answer]:
        keys = [key_of("likelihood", [list(part) for part in pair]) for pair in pairs]
        missing = self._missing(keys, items)
        if missing:
            heard = self._hearing(keys, items, missing)
            self.own.likelihoods([pairs[place] for place in missing], heard, self.stop)
        return [self.book[key] for key in keys]

    def _missing(self, keys: Sequence[str], items: Sequence[Hashable]) -> list[int]:
        """Places that are to be asked: each key once, and none that is answered."""
        if self.stop.wanted:
            raise Stopped
        self.progress.expect(items)
        seen: set[str] = set()
        missing = []
        for place, (key, item) in enumerate(zip(keys, items, strict=True)):
            if key in self.book:
                self.progress.answered(item)
            elif key not in seen:
                seen.add(key)
                missing.append(place)
        self.progress.tell(always=True)
        return missing

    def _hearing(
        self, keys: Sequence[str], items: Sequence[Hashable], missing: Sequence[int]
    ) -> Heard:
        asking: dict[str, list[Hashable]] = {}
        for key, item in zip(keys, items, strict=True):
            asking.setdefault(key, []).append(item)

        def heard(place: int, answer: Any) -> None:
            key = keys[missing[place]]
            self.book.add(key, **answer)
            for item in asking[key]:
                self.progress.answered(item)

        return heard


def numbered(kind: str, asked: Sequence[Any]) -> Iterator[str]:
    """A key for each; what is asked several times on purpose is told apart by its number."""
    times: Counter[str] = Counter()
    for each in asked:
        first = key_of(kind, each)
        yield key_of(kind, each, times[first]) if times[first] else first
        times[first] += 1


def _plain(ask: Ask) -> Any:
    return [ask.settings.to_dict(), ask.prompt, [asdict(each) for each in ask.messages]]
