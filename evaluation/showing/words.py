"""An evaluation's state, its numbers and what it took, in words."""

from evaluation import benchmarks
from evaluation.models import EvaluationRun, Score
from training.models import Job

State = Job.State
WORDS = {
    State.WAITING: "Waiting",
    State.RUNNING: "Running",
    State.DONE: "Done",
    State.FAILED: "Failed",
    State.CANCELLED: "Stopped",
}
TONES = {State.DONE: "good", State.FAILED: "danger", State.CANCELLED: "warn"}
UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def state(run: EvaluationRun) -> str:
    """One word, or 'Stopping …' until the row says that it has stopped."""
    if run.is_live and run.cancel_requested:
        return "Stopping …"
    return WORDS.get(State(run.state), run.get_state_display())


def tone(run: EvaluationRun) -> str:
    return TONES.get(State(run.state), "")


def matter(run: EvaluationRun) -> str:
    """What it is measured on, for people."""
    if run.dataset is not None:
        return str(run.dataset)
    known = benchmarks.benchmarks()
    return known[run.benchmark].title if run.benchmark in known else run.benchmark or run.matter


def conditions(run: EvaluationRun) -> str:
    """What was asked for beside the usual, in short."""
    found = [f"first {run.limit:,} of each task" if run.limit else ""]
    if run.shots is not None:
        found.append(f"{run.shots} shot{'' if run.shots == 1 else 's'}")
    found.append(str(run.prompt.get("name", "")))
    return " · ".join(filter(None, found))


def asked_how(run: EvaluationRun) -> list[tuple[str, str]]:
    """All that two numbers must have in common, label and value."""
    shots = "the benchmark's own" if run.shots is None else f"{run.shots}"
    items = f"the first {run.limit:,} of each task" if run.limit else "all"
    found = [("Shots", shots), ("Items", items)]
    if run.prompt.get("name"):
        version = run.prompt.get("version")
        told = f"{run.prompt['name']}, version {version}" if version else run.prompt["name"]
        found.insert(0, ("Template", str(told)))
    found.append(("Chat template", in_chat(run)))
    found += [(str(name), str(value)) for name, value in run.settings.items()]
    return [*found, ("Seed", str(run.seed))]


def in_chat(run: EvaluationRun) -> str:
    """Prompts and references are always asked through it, and some tasks are."""
    known = benchmarks.benchmarks()
    if run.chat_template or run.dataset is not None or run.benchmark not in known:
        return "yes" if run.chat_template or run.dataset is not None else "no"
    chat = [task.chat or task.kind == "template" for task in known[run.benchmark].tasks]
    return "yes" if all(chat) else "as each task has it" if any(chat) else "no"


def task_title(name: str) -> str:
    return benchmarks.title_of(name) or name.partition(":")[2] or name


def value(score: Score) -> str:
    """As its scale wants it: three places, or one where it runs to a hundred."""
    return number(score, score.value)


def between(score: Score) -> str:
    if score.low is None or score.high is None:
        return ""
    return f"{number(score, score.low)} to {number(score, score.high)}"


def number(score: Score, found: float) -> str:
    return f"{found:.1f}" if score.unit == "0–100" or abs(found) >= 100 else f"{found:.3f}"


def size(count: int | None) -> str:
    if not count:
        return ""
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def seconds_left(run: EvaluationRun) -> float | None:
    """From how long the items of this attempt took so far."""
    from django.utils import timezone

    if run.state != State.RUNNING or run.started_at is None or run.done_items < 2:
        return None
    spent = (timezone.now() - run.started_at).total_seconds()
    return spent / run.done_items * max(0, run.total_items - run.done_items)
