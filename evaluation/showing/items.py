"""A page of a task's items, read by their places in the file."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from evaluation.metrics import label_of
from evaluation.models import EvaluationRun
from evaluation.run import samples
from evaluation.run.samples import Sample

PER_PAGE = 20
CHOICES = (("right", "Right"), ("wrong", "Wrong"))


def mark(chosen: bool, right: bool) -> str:
    return "Chosen, right" if chosen and right else "Chosen" if chosen else "Right" if right else ""


@dataclass(frozen=True)
class Shown:
    """An item as the page shows it; `place` is counted from 1."""

    place: int
    sample: Sample
    right: int | None

    @property
    def title(self) -> str:
        """The end of what was asked, which is what differs from item to item."""
        said = self.sample.get("messages") or [{"content": self.sample.get("prompt", "")}]
        text = " ".join(str(said[-1]["content"]).split())
        return f"… {text[-160:]}" if len(text) > 160 else text

    @property
    def choices(self) -> list[dict[str, Any]]:
        """What could be chosen, with how likely each was."""
        likely = self.sample.get("loglikelihoods", ())
        return [
            {
                "text": text,
                "logprob": f"{logprob:.2f}",
                "mark": mark(place == self.sample.get("chosen"), place == self.sample.get("right")),
            }
            for place, (text, logprob) in enumerate(
                zip(self.sample.get("choices", ()), likely, strict=False)
            )
        ]

    @property
    def values(self) -> list[tuple[str, str]]:
        """Without a name's double that says only which filter was not there."""
        found = self.sample.get("values", {})
        return [
            (label_of(name), f"{value:.3f}".rstrip("0").rstrip("."))
            for name, value in found.items()
            if not (name.endswith(":none") and name.removesuffix(":none") in found)
        ]


@dataclass(frozen=True)
class Listed:
    page: Page
    shown: list[Shown]
    only: str
    counts: dict[str, int]
    main: str

    @property
    def total(self) -> int:
        return self.counts[""]

    @property
    def filters(self) -> list[tuple[str, str, int]]:
        """Empty where an item is neither right nor wrong."""
        if not self.counts["right"] and not self.counts["wrong"]:
            return []
        named = [(name, words, self.counts[name]) for name, words in CHOICES]
        return [("", "All", self.total), *named]


def listed(run: EvaluationRun, task: str, only: str, page: str | None) -> Listed | None:
    """None where the run has no items of that task."""
    index = samples.index_of(run.folder, task)
    if not index.starts:
        return None
    only = only if only in dict(CHOICES) else ""
    places = index.places(only)
    found = Paginator(places, PER_PAGE).get_page(page)
    asked = list(found.object_list)
    read = samples.at(run.folder, task, [index.starts[place] for place in asked])
    shown = [
        Shown(place + 1, sample, index.right[place])
        for place, sample in zip(asked, read, strict=True)
    ]
    counts = {name: len(index.places(name)) for name in ("", "right", "wrong")}
    return Listed(found, shown, only, counts, index.main)
