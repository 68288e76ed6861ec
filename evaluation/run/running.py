"""One attempt at an evaluation, from its folder to how it ended."""

import json
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.run import contamination, harness, measuring, samples, templates
from evaluation.run.answerers import own_answerer, writer_for
from evaluation.run.asking import Asker
from evaluation.run.book import AnswerBook
from evaluation.run.cost import memory_held, seconds_spent
from evaluation.run.errors import sentence_for
from evaluation.run.measured import Measured
from evaluation.run.progress import Progress
from evaluation.run.spec import Asked, Spec, spec_of
from evaluation.run.telling import Teller
from training.run.errors import RunError, Stopped
from training.run.events import Events
from training.run.folder import RunFolder, write_whole
from training.run.running import CANCELLED, FAILED, HELD, SUCCEEDED, told
from training.run.stopping import Stop

SCORES = "scores.json"
OUTPUTS = "outputs.jsonl"
CONTAMINATION = "contamination.json"


def run(folder: RunFolder, stop: Stop) -> int:
    """Evaluate, or go on, and say how it ended; the exit code says the same."""
    try:
        with folder.held():
            return attempt(folder, stop)
    except RunError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return HELD


def attempt(folder: RunFolder, stop: Stop) -> int:
    code: int = FAILED
    ended: dict[str, Any] = {}
    try:
        events = Events(folder.events_file)
        events.add("started")
        ended = dict(evaluated(folder, Teller(events), stop))
        code = SUCCEEDED
    except Stopped:
        code = CANCELLED
    except BaseException as error:
        with suppress(OSError):
            traceback.print_exception(error)
        ended = {"error": sentence_for(error)}
    return told(folder, code, ended)


@dataclass
class Work:
    folder: Path
    spec: Spec
    report: Teller
    asker: Asker

    @property
    def seen(self) -> list[Path]:
        """What the model was trained on, as far as this site knows."""
        return [self.folder / path for path in self.spec.seen]


def evaluated(folder: RunFolder, report: Teller, stop: Stop) -> Mapping[str, Any]:
    """What it cost and what is worth knowing; the scores are in the folder then."""
    spec = spec_of(folder.read_config())
    harness.prepare(spec)
    book = AnswerBook(folder.path / OUTPUTS)
    own = own_answerer(spec)
    report.progress(0, 0, "Getting ready")
    writer = writer_for(spec, own)
    try:
        asker = Asker(book, Progress(report, 0), stop, writer, own)
        work = Work(folder.path, spec, report, asker)
        scores = measured(work)
        write_whole(folder.path / SCORES, json.dumps([each.to_dict() for each in scores], indent=1))
        return {"cost": cost(folder, book), "facts": {**own.facts(), **writer.facts()}}
    finally:
        own.close()
        writer.close()
        book.close()


def cost(folder: RunFolder, book: AnswerBook) -> dict[str, Any]:
    return {
        "prompt_tokens": book.total("prompt_tokens"),
        "completion_tokens": book.total("completion_tokens"),
        "seconds": seconds_spent(folder.events_file, time.time()),
        "peak_memory": memory_held(),
    }


def measured(work: Work) -> list[Measured]:
    """Every task's numbers; samples are written task by task."""
    found: list[Measured] = []
    answered: dict[str, list[samples.Sample]] = {}
    overlaps: dict[str, float | None] = {}
    for asked, items in [*of_harness(work), *of_templates(work)]:
        numbers, faults = measuring.measured(asked, work.spec, items)
        for fault in faults:
            work.report.warn(fault)
        overlaps[asked.task.name] = contamination.share(work.seen, items)
        samples.write(work.folder, asked.task.name, items, main=asked.task.measures[0])
        found += numbers
        answered[asked.task.name] = items
    work.asker.progress.tell(always=True, phase="Measuring")
    write_whole(work.folder / CONTAMINATION, json.dumps(overlaps))
    order = [asked.task.name for asked in work.spec.tasks]
    whole = measuring.of_pack(work.spec, answered, work.report.warn)
    return [*whole, *sorted(found, key=lambda each: order.index(each.task))]


def of_templates(work: Work) -> list[tuple[Asked, list[samples.Sample]]]:
    """All prompts are built before the first is asked, so that a faulty row costs nothing."""
    spec, home = work.spec, work.folder
    ready = []
    for asked in spec.tasks:
        if asked.task.kind == "template":
            rows = templates.rows_of(asked, spec, home)
            ready.append((asked, rows, templates.asks_of(asked, spec, home, rows)))
            work.asker.progress.total += len(rows)
    return [
        (asked, templates.samples(asked, rows, asks, work.asker)) for asked, rows, asks in ready
    ]


def of_harness(work: Work) -> list[tuple[Asked, list[samples.Sample]]]:
    """All tasks of the harness at once, so that what they ask fills whole batches."""
    asked = [each for each in work.spec.tasks if each.task.kind == "harness"]
    if not asked:
        return []
    from evaluation.run.harness_running import logged

    return logged(work, asked)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Usage: python -m evaluation.run RUN_DIR", file=sys.stderr)  # noqa: T201
        return 2
    stop = Stop()
    stop.listen()
    return run(RunFolder(arguments[0]), stop)
