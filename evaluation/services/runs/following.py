"""A run's events, from its folder to its row."""

from typing import Any

from evaluation.models import EvaluationRun
from training.run.events import read_events
from training.run.folder import RunFolder
from training.services import held

MOST_AT_ONCE = 5000


class Follower:
    """Reads on from where the row's last reader ended. `ended` is the last word of the run."""

    def __init__(self, run: EvaluationRun, folder: RunFolder) -> None:
        self.run, self.folder = run, folder
        self.ended: dict[str, Any] = {}

    def beat(self) -> bool:
        """Store the news with the heartbeat; whether the run should stop."""
        return held.beat(self.run, **self.news())

    def catch_up(self) -> None:
        """Until nothing is new, so that what comes next is the next attempt's."""
        before = -1
        while before != self.run.events_read:
            before = self.run.events_read
            self.beat()

    def news(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        events = read_events(self.folder.events_file, self.run.events_read)
        for _, (offset, event) in zip(range(MOST_AT_ONCE), events, strict=False):
            found["events_read"] = offset
            match event["kind"]:
                case "progress":
                    found["phase"] = str(event.get("phase", ""))[:200]
                    if event["total"]:
                        found |= {"done_items": event["done"], "total_items": event["total"]}
                case "warning":
                    found["warnings"] = found.get("warnings", self.run.warnings) + 1
                case "ended":
                    self.ended = event
        return found
