"""Which fault comes when: the same for the same seed, every kind before any comes again."""

import random
from collections.abc import Sequence
from typing import NamedTuple

PROCESSES = ("web", "engine", "worker", "runs", "runs pool", "trainer", "evaluator", "supervisor")
KILLS = tuple(f"kill {kind}" for kind in PROCESSES)
DISK, DATABASE, BROKER, SOCKETS = "full disk", "database restart", "broker restart", "cut sockets"
SHORTEST_PAUSE, LONGEST_PAUSE = 5.0, 11.0
AFTER_START = 8.0


class Fault(NamedTuple):
    """`at` is in seconds from the start; `chance` chooses among several of a kind, 0..1."""

    at: float
    kind: str
    chance: float


def kinds(*, servers: bool, disk: bool) -> list[str]:
    """What can happen to such a site."""
    found = [*KILLS, SOCKETS]
    if disk:
        found.append(DISK)
    return [*found, DATABASE, BROKER] if servers else found


def schedule(seed: int, seconds: float, names: Sequence[str]) -> list[Fault]:
    chance = random.Random(seed)
    bag: list[str] = []
    found: list[Fault] = []
    at = AFTER_START
    while at < seconds:
        if not bag:
            bag = chance.sample(list(names), len(names))
        found.append(Fault(round(at, 1), bag.pop(), round(chance.random(), 3)))
        at += chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
    return found
