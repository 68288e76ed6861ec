"""A worker that is to end has the runs that it drives keep a checkpoint and wait again.

The event is made before Celery forks its pool, so that all of a worker's processes share it.
"""

import multiprocessing

_leaving = multiprocessing.Event()


def begin() -> None:
    _leaving.set()


def begun() -> bool:
    return _leaving.is_set()
