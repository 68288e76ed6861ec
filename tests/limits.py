"""Acts under limits that end with them, such as a disk without room."""

import multiprocessing
import os
from collections.abc import Callable


def in_a_process(act: Callable[[], int]) -> int:
    """The exit code of a process of its own, whose limits end with it."""

    def body() -> None:
        os._exit(act())

    child = multiprocessing.get_context("fork").Process(target=body)
    child.start()
    child.join(120)
    assert child.exitcode is not None
    return child.exitcode
