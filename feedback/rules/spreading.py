"""Which model gives which answer to a prompt, and when others have to be asked for.

Answers are dealt out in turn. Each prompt begins with the next column, so that over all prompts
every column gives the same share, also where the answers per prompt are no multiple of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

MOST_ATTEMPTS = 3


@dataclass(frozen=True)
class Slot:
    """One answer to ask for; `attempt` is above 0 where the first ones were all the same."""

    number: int
    attempt: int
    column: int


@dataclass(frozen=True)
class Given:
    """An answer that is there."""

    number: int
    attempt: int
    text: str


def column_of(row: int, number: int, columns: int) -> int:
    """The column that gives answer `number` (from 0) to the prompt of row `row`."""
    return (row + number) % columns


def distinct(given: Iterable[Given]) -> set[str]:
    """What is said, without white space around it; an empty answer says nothing."""
    return {answer.text.strip() for answer in given} - {""}


def next_slots(
    given: Collection[Given], *, row: int, candidates: int, varied: Sequence[bool]
) -> list[Slot]:
    """What is still to be asked for; empty where two answers differ, or none ever will.

    `varied[c]`: whether column c draws, so that another seed can give another answer.
    """
    have = {(answer.attempt, answer.number) for answer in given}
    for attempt in range(MOST_ATTEMPTS + 1):
        slots = [
            Slot(number, attempt, column)
            for number in range(candidates)
            if varied[column := column_of(row, number, len(varied))] or attempt == 0
        ]
        missing = [slot for slot in slots if (attempt, slot.number) not in have]
        if missing:
            return missing
        if len(distinct(given)) > 1:
            return []
    return []


def shares(rows: Iterable[int], candidates: int, columns: int) -> list[int]:
    """How many answers each column gives to the prompts of these rows."""
    found = [0] * columns
    for row in rows:
        for number in range(candidates):
            found[column_of(row, number, columns)] += 1
    return found
