"""How the tests are shared between worker processes (`pytest -n 2`)."""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("browser", "faults")


def unit(nodeid: str) -> str:
    """What one worker runs alone: a folder whose tests share processes, or a module."""
    folder, *below = PurePosixPath(nodeid.partition("::")[0]).parts[1:]
    return folder if folder in TOGETHER else "/".join((folder, *below))


def longest_first(item: pytest.Item) -> int:
    """A sort key: the folders of `TOGETHER`, then all modules as they are."""
    name = unit(item.nodeid)
    return TOGETHER.index(name) if name in TOGETHER else len(TOGETHER)


class UnitScheduling(LoadScopeScheduling):
    """A free worker is given the next unit, in the order in which they were collected.

    xdist's own groups do not work with pytest 9.2, which computes `nodeid` anew.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
