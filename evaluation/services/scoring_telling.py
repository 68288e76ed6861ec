"""Scores of a file as JSON and as words."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.services.scoring import Compared, Scored, Scores
from evaluation.services.scoring_files import Sheet


def facts(sheet: Sheet, scores: Scores) -> dict[str, Any]:
    return {
        "rows": len(sheet.lines) + len(sheet.refused),
        "scored": len(sheet.lines),
        "refused": [{"row": one.row, "why": one.why} for one in sheet.refused],
        "empty_outputs": dict(sheet.empty),
        "systems": {
            name: {key: number(one) for key, one in found.items()}
            for name, found in scores.systems.items()
        },
        "comparisons": [comparison(one) for one in scores.comparisons],
    }


def number(one: Scored) -> dict[str, Any]:
    """`value_01` beside a value that runs to 100."""
    measure, sure = one.measure, one.sure
    hundredth = (
        {"value_01": one.value / 100} if measure.per_hundred and one.value is not None else {}
    )
    return {
        "value": one.value,
        **hundredth,
        "n": one.finding.n,
        "interval": None if sure.low is None else [sure.low, sure.high],
        "signature": one.finding.signature,
        "interval_method": sure.method,
        "higher_is_better": measure.higher_is_better,
        "rank": None if measure.higher_is_better is None else one.rank,
        "left_out": one.finding.left_out,
        "notes": list(one.finding.notes),
    }


def comparison(one: Compared) -> dict[str, Any]:
    found = one.difference
    return {
        "measure": one.measure.name,
        "first": one.first,
        "second": one.second,
        "difference": found.value,
        "interval": None if found.low is None else [found.low, found.high],
        "p": found.p,
        "p_holm": one.p_holm,
        "test": found.test,
    }


def in_words(sheet: Sheet, scores: Scores) -> str:
    count = len(sheet.lines)
    lines = [f"{count:,} row{'' if count == 1 else 's'} scored, {len(sheet.refused):,} refused."]
    lines += [f"Row {one.row} refused: {one.why}." for one in sheet.refused]
    lines += [f"{n} empty outputs of {name}." for name, n in sheet.empty.items() if n]
    for key in main_names(scores.systems):
        lines += ["", *column(key, scores.systems)]
    return "\n".join(lines)


def main_names(systems: Mapping[str, Mapping[str, Scored]]) -> list[str]:
    """The main measures; all where only others were asked for."""
    every = {key: one for found in systems.values() for key, one in found.items()}
    return [key for key, one in every.items() if one.measure.main] or list(every)


def column(key: str, systems: Mapping[str, Mapping[str, Scored]]) -> Sequence[str]:
    """Best first; those with one rank can't be told apart."""
    rows = [(name, found[key]) for name, found in systems.items() if key in found]
    first = rows[0][1]
    downwards = first.measure.higher_is_better is not False
    rows.sort(key=lambda row: row[1].finding.value, reverse=downwards)
    width = max(len(name) for name, _ in rows)
    ranks = ["" if first.measure.higher_is_better is None else str(one.rank) for _, one in rows]
    told = [
        f"  {rank:>3}  {name:<{width}}  {said(one)}"
        for rank, (name, one) in zip(ranks, rows, strict=True)
    ]
    return [f"{first.measure.label}  [{first.finding.signature}]", *told]


def said(one: Scored) -> str:
    if one.value is None:
        return "undefined"
    sure = one.sure
    between = "" if sure.low is None else f"  ({sure.low:.4f} to {sure.high:.4f})"
    return f"{one.value:.4f}{between}  n {one.finding.n}"
