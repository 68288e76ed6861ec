"""What a run's page draws: all of it at first, then only what came after an offset."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from training.models import TrainingJob
from training.run.events import read_events
from training.run.folder import RunFolder
from training.showing import charts
from training.showing.curves import Curve
from training.showing.reading import SAID, reading_of, size

MOST_EVENTS = 2000
DIGITS = 6


def news(job: TrainingJob, *, after: int, everything: bool) -> dict[str, Any]:
    """`everything`: the folded curves, too. Where old points no longer hold, all come anew."""
    found = since(job, after) if after else None
    return found or whole(job, everything=everything)


def whole(job: TrainingJob, *, everything: bool) -> dict[str, Any]:
    with reading_of(job) as found:
        first, rest = charts.charts(job.method, found.curves.by_name)
        wanted = shown(first) | (shown(rest) if everything else set())
        curves = found.curves.by_name.items()
        return {
            "whole": True,
            "offset": found.offset,
            "more": not found.whole,
            "first": charts.as_json(first),
            "rest": charts.as_json(rest),
            "curves": {name: points(curve) for name, curve in curves if name in wanted},
            "names": sorted(found.curves.by_name),
            "resumes": [step for step, _ in found.curves.resumes],
            "samples": sorted(found.samples),
        }


def shown(found: list[charts.Chart]) -> set[str]:
    lines = [line for chart in found for line in chart.lines]
    return {line.name for line in lines} | {end for line in lines for end in line.band or ()}


def points(curve: Curve) -> dict[str, Any]:
    """Steps and values side by side; no value where there was no number."""
    both = curve.points
    values = [None if value is None else short(value) for _, value in both]
    return {"width": curve.width, "steps": [step for step, _ in both], "values": values}


def short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def since(job: TrainingJob, after: int) -> dict[str, Any] | None:
    """The points behind `after`, or None where the run went back to an earlier step since."""
    path = RunFolder(job.folder).events_file
    if after > size(path):
        return None
    taken = list(islice(read_events(path, after), MOST_EVENTS))
    events = [event for _, event in taken]
    if any(event["kind"] == "resumed" for event in events):
        return None
    return {
        "whole": False,
        "offset": taken[-1][0] if taken else after,
        "more": len(taken) == MOST_EVENTS,
        "curves": new_points(event for event in events if event["kind"] == "metrics"),
        "samples": sorted({event["step"] for event in events if event["kind"] == "sample"}),
        "lines": sum(event["kind"] in SAID for event in events),
    }


def new_points(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """As `points` writes them, one for each step."""
    found: dict[str, dict[str, list[Any]]] = {}
    for event in events:
        for name, value in event["values"].items():
            into = found.setdefault(name, {"steps": [], "values": []})
            into["steps"].append(event["step"])
            into["values"].append(None if value is None else short(value))
    return found
