"""What a person should know about a snapshot before training on it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from feedback.measures.intervals import wilson
from feedback.models import Labeler
from feedback.rules import texts
from feedback.rules.splits import SPLITS
from feedback.services.snapshots.rows import KINDS, MODEL, RULE, Row
from feedback.services.snapshots.snapshot import Snapshot


def report(made: Snapshot) -> dict[str, Any]:
    """What a person should know before training on it."""
    pairs, unpaired = made.rows("pairs"), made.rows("unpaired")
    desirable = sum(row["label"] for row in unpaired)
    return {
        "counts": counts(made),
        "dropped": {reason: n for reason, n in sorted(made.dropped.items()) if n},
        "leaks": leaks(made),
        "prompts": len(made.placed.splits) + len(made.placed.dropped),
        "near_duplicates": len(made.placed.merged),
        "longer_wins": longer_wins(pairs),
        "labels": {"desirable": desirable, "undesirable": len(unpaired) - desirable},
        "labelers": voices(made, pairs),
        "sources": dict(sorted(Counter(s for row in pairs for s in row["sources"]).items())),
        "by_model": sum(row["labeled_by"] == MODEL for row in pairs),
        "by_rule": sum(row["labeled_by"] == RULE for row in pairs),
    }


def counts(made: Snapshot) -> dict[str, Any]:
    totals: dict[str, Any] = {kind: len(made.rows(kind)) for kind in KINDS}
    tasks = {row["task"] for rows in made.files.values() for row in rows}
    by_split = {s: {kind: len(made.rows(kind, s)) for kind in KINDS} for s in SPLITS}
    return {"tasks": len(tasks), "annotations": len(made.said_by), **totals, "splits": by_split}


def voices(made: Snapshot, pairs: Sequence[Row]) -> list[dict[str, Any]]:
    """In how many pairs each labeler has a voice, the loudest first."""
    heard = Counter(who for row in pairs for who in {made.said_by[a] for a in row["annotations"]})
    named = dict(Labeler.objects.filter(pk__in=heard).values_list("pk", "name"))
    loudest = sorted(heard.items(), key=lambda voice: (-voice[1], voice[0]))
    return [{"labeler": pk, "name": named[pk], "pairs": n} for pk, n in loudest]


def leaks(made: Snapshot) -> int:
    """How many root turns stand in more than one split; read off the rows themselves."""
    found: dict[str, set[str]] = {}
    for split in SPLITS:
        for row in every_row(made, split):
            root = texts.group_key(row["messages"])
            found.setdefault(root, set()).add(split)
    return sum(len(splits) > 1 for splits in found.values())


def every_row(made: Snapshot, split: str) -> list[Row]:
    return [row for kind in KINDS for row in made.rows(kind, split)]


def longer_wins(pairs: Sequence[Row]) -> dict[str, Any]:
    """How often the longer answer won, which a reward model will learn if it is far from half."""
    lengths = [(len(row["chosen"]), len(row["rejected"])) for row in pairs]
    decided = [chosen > rejected for chosen, rejected in lengths if chosen != rejected]
    share = sum(decided) / len(decided) if decided else None
    return {"share": share, "n": len(decided), "interval": wilson(sum(decided), len(decided))}
