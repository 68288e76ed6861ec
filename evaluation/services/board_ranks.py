"""Shared ranks of the leaderboard's columns: read from rows, computed apart where they are new."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.utils import timezone

from evaluation.models import Ranking, Score
from evaluation.services import comparing_items as items
from evaluation.services.errors import EvaluationsError
from evaluation.statistics.ranks import shared_ranks

if TYPE_CHECKING:
    from evaluation.services.board import Column, Row

KEPT = timedelta(days=30)


@dataclass
class Ranks:
    """`by_score`: rank by score's id; `missing`: keys of columns that were never ranked so."""

    by_score: dict[int, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def scores_in(rows: "Sequence[Row]", column: "Column") -> list[Score]:
    found = [row.cells[column.key].score for row in rows if column.key in row.cells]
    return sorted(found, key=lambda score: score.pk)


def key_of(scores: Sequence[Score]) -> str:
    return sha256(",".join(str(score.pk) for score in scores).encode()).hexdigest()


def known_ranks(rows: "Sequence[Row]", columns: "Sequence[Column]") -> Ranks:
    """One query. A column of one needs no test."""
    found = Ranks()
    wanted: dict[str, str] = {}
    for column in columns:
        scores = scores_in(rows, column)
        if column.direction is None or not scores:
            continue
        if len(scores) == 1:
            found.by_score[scores[0].pk] = 1
        else:
            wanted[key_of(scores)] = column.key
    rankings = dict(Ranking.objects.filter(key__in=wanted).values_list("key", "ranks"))
    for ranks in rankings.values():
        found.by_score |= {int(pk): rank for pk, rank in ranks.items()}
    found.missing = [column for key, column in wanted.items() if key not in rankings]
    return found


def rank_missing(
    rows: "Sequence[Row]", columns: "Sequence[Column]", missing: Sequence[str], *, seconds: float
) -> dict[int, int]:
    """Ranks of the columns `missing`, kept; no new one is begun after that many seconds."""
    began = time.monotonic()
    found: dict[int, int] = {}
    for column in columns:
        if column.key in missing and time.monotonic() - began < seconds:
            found |= rank_column(rows, column)
    return found


def rank_column(rows: "Sequence[Row]", column: "Column") -> dict[int, int]:
    scores = scores_in(rows, column)
    ranks = ranked(scores, higher_is_better=column.direction is not False)
    Ranking.objects.filter(column=column.key, created_at__lt=timezone.now() - KEPT).delete()
    stored = {str(pk): rank for pk, rank in ranks.items()}
    Ranking.objects.update_or_create(
        key=key_of(scores), defaults={"column": column.key, "ranks": stored}
    )
    return ranks


def ranked(scores: Sequence[Score], *, higher_is_better: bool) -> dict[int, int]:
    """By score's id. Models can be told apart only on items that all of them answered; where items
    are gone, or a measure can't be had item by item, nothing can be told and none has a rank."""
    measure, task = scores[0].measure, scores[0].task
    try:
        met = items.met([score.run for score in scores], task)
        findings = [items.finding(samples, measure) for samples in met.samples]
    except (EvaluationsError, OSError, ValueError, KeyError):
        return {}
    own = [list(one.per_item or ()) if one.is_mean else [] for one in findings]
    exact = all(values and None not in values for values in own)
    ranks = shared_ranks(
        [one.evidence for one in findings],
        met.sources,
        outcomes=[[float(v or 0) for v in values] for values in own] if exact else None,
        higher_is_better=higher_is_better,
    )
    return {score.pk: rank for score, rank in zip(scores, ranks, strict=True)}
