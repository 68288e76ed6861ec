"""The rows of a dataset: what one judged task adds to pairs, ties and unpaired labels."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from feedback.rules.votes import Votes, consensus, tally
from feedback.services.snapshots.gathering import MODEL, PEOPLE, RULE, Judged

CONTRADICTION = "people contradict each other"
NO_PREFERENCE = "no preference between any two answers"
KINDS = ("pairs", "ties", "unpaired")
__all__ = ["KINDS", "MODEL", "PEOPLE", "RULE", "Row", "rows_of"]
Row = dict[str, Any]
Key = tuple[int, int]


def rows_of(judged: Judged, margin: float, dropped: Counter[str]) -> dict[str, list[Row]]:
    """The rows by kind; what gives none is counted with its reason."""
    votes = votes_of(judged)
    found = {
        "pairs": pair_rows(judged, votes, margin, dropped),
        "ties": tie_rows(judged, votes),
        "unpaired": label_rows(judged),
    }
    if not any(found.values()):
        dropped[NO_PREFERENCE] += 1
    return found


def votes_of(judged: Judged) -> dict[Key, Votes]:
    """Votes about the candidates themselves; edits belong to one person each."""
    size = len(judged.texts)
    return {(i, j): vote for (i, j), vote in tally(judged.derived).items() if j < size}


def pair_rows(
    judged: Judged, votes: Mapping[Key, Votes], margin: float, dropped: Counter[str]
) -> list[Row]:
    """The agreed pairs of a task, and confirmed edits; together they weigh 1."""
    agreed = consensus(dict(votes), margin=margin)
    dropped.update({CONTRADICTION: len(agreed.contradictions)})
    common = base(judged)
    rows = [common | agreed_row(judged, votes, *pair) for pair in agreed.pairs]
    rows += edit_rows(judged)
    return [row | {"weight": 1 / len(rows), "vector": [1, 0]} for row in rows]


def agreed_row(judged: Judged, votes: Mapping[Key, Votes], chosen: int, rejected: int) -> Row:
    return {
        "chosen": judged.texts[chosen],
        "rejected": judged.texts[rejected],
        "votes": vote_counts(votes, chosen, rejected),
    }


def edit_rows(judged: Judged) -> list[Row]:
    """An edit that its writer confirmed to be better, over what they edited."""
    return [
        base(judged)
        | {"chosen": edit.text, "rejected": edit.parent.text, "annotations": [annotation.pk]}
        | {"sources": [annotation.source]}
        | {"votes": {"for": 1, "against": 0, "ties": 0}}
        for annotation in judged.annotations
        if (edit := annotation.edit) and edit.parent and annotation.edit_is_better
    ]


def vote_counts(votes: Mapping[Key, Votes], chosen: int, rejected: int) -> dict[str, int]:
    vote = votes[min(chosen, rejected), max(chosen, rejected)]
    won, lost = (vote.wins, vote.losses) if chosen < rejected else (vote.losses, vote.wins)
    return {"for": won, "against": lost, "ties": vote.ties}


def tie_rows(judged: Judged, votes: Mapping[Key, Votes]) -> list[Row]:
    agreed, common = consensus(dict(votes)), base(judged)
    return [
        common | {"answers": [judged.texts[i], judged.texts[j]], "p": 0.5} for i, j in agreed.ties
    ]


def label_rows(judged: Judged) -> list[Row]:
    """Desirable and undesirable answers by the majority; an even vote says neither."""
    balance: Counter[int] = Counter()
    for derived in judged.derived:
        balance.update({place: 1 if good else -1 for place, good in derived.labels.items()})
    common = base(judged)
    return [
        common | {"completion": judged.texts[place], "label": count > 0}
        for place, count in sorted(balance.items())
        if count
    ]


def base(judged: Judged) -> Row:
    return {
        "task": judged.task.pk,
        "group": judged.task.group_key,
        "messages": judged.task.messages,
        "annotations": [annotation.pk for annotation in judged.annotations],
        "sources": sorted({annotation.source for annotation in judged.annotations}),
        "labeled_by": judged.by_whom,
    }
