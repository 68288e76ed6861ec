"""What an evaluation says while it runs, in events as those of training."""

from training.run.events import LONGEST_TEXT, Events


class Teller:
    def __init__(self, events: Events) -> None:
        self._events = events

    def progress(self, done: int, total: int, phase: str) -> None:
        """In items."""
        self._events.add("progress", done=done, total=total, phase=phase)

    def warn(self, text: str) -> None:
        self._events.add("warning", text=text[:LONGEST_TEXT])
