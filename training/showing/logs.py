"""A run's log: what it said itself, and the end of what its process printed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.models import TrainingJob
from training.services.runs.child import OUTPUT

TAIL_BYTES = 6000
ENDED = {"succeeded": "Done.", "cancelled": "Stopped, with a checkpoint.", "failed": "Failed."}


@dataclass(frozen=True)
class Line:
    at: datetime
    text: str
    warns: bool


def lines(events: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Oldest first."""
    return [Line(moment(event), words(event), event["kind"] == "warning") for event in events]


def moment(event: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(float(event.get("at", 0)), UTC)


def words(event: Mapping[str, Any]) -> str:
    match event["kind"]:
        case "resumed":
            return f"Went on from step {event['step']:,}."
        case "ended":
            state = str(event.get("state", ""))
            return " ".join(filter(None, [ENDED.get(state, state), event.get("error", "")]))
    return str(event.get("text", ""))


def output_of(job: TrainingJob) -> Path:
    return job.folder / OUTPUT


def printed(job: TrainingJob) -> str:
    """The last whole lines of the process's own output."""
    path = output_of(job)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        tail = file.read().decode("utf-8", "replace")
    return tail if len(tail) < TAIL_BYTES else tail.partition("\n")[2]
