"""How far an evaluation is, in items: one is done when all that it asks for is answered."""

import time
from collections import Counter
from collections.abc import Hashable, Iterable

from evaluation.run.telling import Teller

EVERY_SECONDS = 0.5


class Progress:
    """`total` is known once the tasks are built. Tells at most twice a second."""

    def __init__(self, report: Teller, total: int) -> None:
        self.report, self.total = report, total
        self.done = 0
        self._open: Counter[Hashable] = Counter()
        self._told = 0.0

    def expect(self, items: Iterable[Hashable]) -> None:
        """Each mention of an item is one request that it waits for."""
        self._open.update(items)

    def answered(self, item: Hashable) -> None:
        self._open[item] -= 1
        if self._open[item] == 0:
            self.done += 1
        self.tell()

    def tell(self, *, always: bool = False, phase: str = "Asking") -> None:
        now = time.monotonic()
        if always or now - self._told >= EVERY_SECONDS:
            self._told = now
            self.report.progress(min(self.done, self.total), self.total, phase)
