"""What a method says about itself, and the registry of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.registry import Registry, discover
from training.methods.look import Loader, Looker

if TYPE_CHECKING:
    from training.run.work import Work


@dataclass(frozen=True)
class Slot:
    """Something a run is given. `kinds`: kinds of model version, or of dataset, that fit."""

    name: str
    label: str
    kinds: tuple[str, ...]
    what: str = "model"
    required: bool = True
    many: bool = False


@dataclass(frozen=True)
class Method:
    """`run(config, work)` trains and returns its last measures. `produces`: the kind of version.

    `main_measure` is what a run is judged by; `curves` name the measures that its page shows first,
    each with its held-out twin; `ways` the ways of tuning that it can use; `good_for` when to
    choose it; `has_reference` whether what learns is held near to what it was;
    `mixes` whether several datasets are drawn from by their weights; `several` whether several
    processes can train a run.

    Before a run: `look(config, reading, rows)` says what the rows of a split become, for which the
    settings in `reads` count alone; `steps(config, units)` how many steps that makes;
    `load(config, longest, most)` what is read at once, where the longest sequence has so many
    tokens and `most` sequences belong together.
    """

    name: str
    label: str
    summary: str
    config: type[Any]
    slots: tuple[Slot, ...]
    run: Callable[[Any, "Work"], Mapping[str, float]]
    main_measure: str
    ways: tuple[str, ...]
    look: Looker
    reads: tuple[str, ...]
    steps: Callable[[Any, int], int]
    load: Loader
    produces: str = "adapter"
    several: bool = True
    curves: tuple[str, ...] = ("loss",)
    good_for: str = ""
    has_reference: bool = False
    mixes: bool = False


METHODS: Registry[Method] = Registry("training method")


def file(method: Method) -> Method:
    return METHODS.register(method.name)(method)


def get(name: str) -> Method:
    """The method of that name, or RegistryError with near names."""
    load()
    return METHODS.get(name)


def names() -> list[str]:
    load()
    return METHODS.names()


@cache
def load() -> None:
    discover("training.methods", [str(Path(__file__).parent)])
