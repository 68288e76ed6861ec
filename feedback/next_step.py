"""What somebody who manages a project would sensibly do next, as a sentence with its links."""

from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse

from feedback.models import Project
from feedback.progress import Progress


@dataclass(frozen=True)
class Step:
    """`acts` are (verb, address); the first is the one to take."""

    sentence: str
    acts: list[tuple[str, str]] = field(default_factory=list)


def next_step(project: Project, progress: Progress, *, labelers: int, may_rank: bool) -> Step:
    """`may_rank` says whether who looks may rank too."""
    if not progress.total:
        return Step(
            "There is nothing to rank yet. Have answers generated for your prompts, or bring "
            "rankings that were made elsewhere.",
            links(project, ("Generate answers", "batches"), ("Import rankings", "imports")),
        )
    if progress.left and not project.guidelines.exists():
        return Step(
            "Labelers have no guidelines yet. Say what a better answer is, with an example.",
            links(project, ("Write guidelines", "guidelines-edit")),
        )
    if progress.left and not labelers:
        return Step(
            "Nobody may rank in this project yet.", links(project, ("Choose people", "settings"))
        )
    if progress.left:
        wait = "waits" if progress.left == 1 else "wait"
        acts = [("Rank answers", "rank")] if may_rank else []
        return Step(
            f"{tasks(progress.left)} still {wait} for labelers.",
            links(project, *acts, ("See tasks", "tasks")),
        )
    return Step(
        "Every task is ranked. Freeze the pairs into a dataset version to train on.",
        links(project, ("Freeze dataset", "freeze"), ("See pairs", "pairs")),
    )


def tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"


def links(project: Project, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
    """Those whose pages exist."""
    found = []
    for verb, name in wanted:
        try:
            found.append((verb, reverse(f"feedback:{name}", args=[project.slug])))
        except NoReverseMatch:
            continue
    return found
