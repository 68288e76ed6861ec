"""A run's events, from its folder to its row."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from training.models import TrainingJob
from training.run.events import read_events
from training.run.folder import RunFolder
from training.services import held

MOST_AT_ONCE = 5000


class Follower:
    """Reads on from where the row's last reader ended. `ended` is the last word of the run."""

    def __init__(self, job: TrainingJob, folder: RunFolder) -> None:
        self.job, self.folder = job, folder
        self.ended: dict[str, Any] = {}

    def beat(self) -> bool:
        """Store the news with the heartbeat; whether the run should stop."""
        return held.beat(self.job, **self.news())

    def catch_up(self) -> None:
        """Until nothing is new, so that what comes next is the next attempt's."""
        before = -1
        while before != self.job.events_read:
            before = self.job.events_read
            self.beat()

    def news(self) -> dict[str, Any]:
        """Changes of the row by the next events."""
        found: dict[str, Any] = {"measures": dict(self.job.measures)}
        found |= {"warnings": self.job.warnings, "tokens": self.job.tokens}
        events = read_events(self.folder.events_file, self.job.events_read)
        for _, (offset, event) in zip(range(MOST_AT_ONCE), events, strict=False):
            found["events_read"] = offset
            self._take(event, found)
        return found if "events_read" in found else {}

    def _take(self, event: dict[str, Any], found: dict[str, Any]) -> None:
        match event["kind"]:
            case "metrics":
                found["measures"] |= event["values"]
                found["tokens"] += tokens_in(event["values"])
            case "progress":
                found |= {"step": event["done"], "steps": event["total"]}
                found |= {"phase": event["phase"], "expected_at": expected(event)}
            case "phase":
                found["phase"] = event["text"][:200]
            case "resumed":
                found["step"] = event["step"]
            case "warning":
                found["warnings"] += 1
            case "ended":
                self.ended = event


def tokens_in(values: Mapping[str, Any]) -> int:
    """What a step read and wrote: its speed times its time. Steps that were done again count
    again, for they were paid for."""
    speed, seconds = values.get("tokens_per_second"), values.get("seconds_per_step")
    return round(speed * seconds) if speed and seconds else 0


def expected(event: dict[str, Any]) -> datetime | None:
    """When the run will have ended, by what its process told after a step."""
    if "left" not in event:
        return None
    return datetime.fromtimestamp(event["at"], UTC) + timedelta(seconds=event["left"])
