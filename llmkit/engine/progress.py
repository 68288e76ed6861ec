"""How far the weights of a model have been loaded, by transformers' own count."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Tell = Callable[[float], None]
DESCRIPTION = "Loading weights"


@contextmanager
def weights_counted(tell: Tell) -> Iterator[None]:
    """While the block runs, `tell` hears which share, 0..1, of the weights is in its place.

    The hook is one for the whole process; what other threads load meanwhile is not counted.
    """
    from transformers.utils import logging

    mine = threading.get_ident()

    def bar(factory: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if threading.get_ident() == mine and kwargs.get("desc") == DESCRIPTION and args:
            return counted(args[0], tell)
        return factory(*args, **kwargs)

    previous = logging.set_tqdm_hook(bar)
    try:
        yield
    finally:
        logging.set_tqdm_hook(previous)


def counted(items: Any, tell: Tell) -> Iterator[Any]:
    total = len(items)
    for done, item in enumerate(items):
        tell(done / total)
        yield item
    tell(1.0)


def part(tell: Tell, start: float, end: float) -> Tell:
    """A teller of its own 0..1 for the stretch from `start` to `end` of a longer work."""
    return lambda fraction: tell(start + (end - start) * fraction)
