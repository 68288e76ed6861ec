"""One run trained by several processes, as `accelerate launch` starts them: who tells, who waits.

Alone, each of these does nothing. What is learned is the same as alone with the same rows a step.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from training.methods import Method

T = TypeVar("T")


def world() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def is_main() -> bool:
    """The one that writes events, checkpoints and what was made."""
    return rank() == 0


def why_not(method: "Method", batch_size: int, processes: int) -> str:
    """One sentence about why so many can't train it, or nothing."""
    if processes > 1 and not method.several:
        return f"{method.label} trains in one process. Set processes to 1."
    if batch_size % processes:
        return (
            f"{processes} processes can't share batches of {batch_size:,} evenly. "
            f"Choose a batch size that {processes} divides."
        )
    return ""


def meet() -> None:
    """Find the others; once, before the first word to them."""
    if world() > 1:
        from accelerate import PartialState

        PartialState()


def wait() -> None:
    """Until all are here."""
    if world() > 1:
        from torch import distributed

        distributed.barrier()


@contextmanager
def main_first() -> Iterator[None]:
    """The others begin once the main process is through."""
    if not is_main():
        wait()
    yield
    if is_main():
        wait()


def share(rows: Sequence[T]) -> Sequence[T]:
    """This process's part of what all of them do together."""
    return rows[rank() :: world()]


def total(*numbers: float) -> list[float]:
    """Each number summed over all processes."""
    return [float(sum(column)) for column in zip(*gathered(list(numbers)), strict=True)]


def gathered(mine: T) -> list[T]:
    """Everybody's, by rank."""
    if world() == 1:
        return [mine]
    from torch import distributed

    found: list[Any] = [None] * world()
    distributed.all_gather_object(found, mine)
    return found


def merged(mine: Sequence[T]) -> list[T]:
    """All rows again in their order, from everybody's results for their `share`."""
    parts = gathered(list(mine))
    count = sum(map(len, parts))
    return [parts[at % world()][at // world()] for at in range(count)]


def anybody(wants: bool) -> bool:
    """All must hear of a wish to stop after the same step, else some would wait for ever."""
    return any(gathered(wants))


def sum_gradients(parameters: Iterable[Any]) -> None:
    if world() == 1:
        return
    import torch
    from torch import distributed

    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce(parameter.grad)
