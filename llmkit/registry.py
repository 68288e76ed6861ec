"""A typed map from names to things, filled by discovery: adding one thing is one file."""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
MOST_TOLD = 24


class RegistryError(LookupError):
    """An unknown or doubly taken name; the text is a sentence for people."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


def near_names(name: str, known: Iterable[str]) -> str:
    """The words that help after a wrong name: the nearest one, and what there is, or the nearest
    alone where there is more than one would read."""
    names = sorted(known)
    if not names:
        return "There are none."
    near = difflib.get_close_matches(name, names, n=1) or [
        known for known in names if name and name.casefold() in known.casefold()
    ]
    guess = f"Did you mean '{near[0]}'? " if near else ""
    if near and len(names) > MOST_TOLD:
        return guess.strip()
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"{guess}Known: {', '.join(names[:MOST_TOLD])}{more}."


class Registry(Generic[T]):
    """Names of one `kind` of thing, such as "way of choosing examples"."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files its target under `name`; a taken name raises RegistryError."""

        def keep(thing: T) -> T:
            if name in self._things:
                raise RegistryError(f"There are two things called '{name}' for {self.kind}.")
            self._things[name] = thing
            return thing

        return keep

    def get(self, name: str) -> T:
        """The thing called `name`, or RegistryError with near names."""
        if name not in self._things:
            raise RegistryError(
                f"'{name}' is not a known {self.kind}. {near_names(name, self._things)}"
            )
        return self._things[name]

    def names(self) -> list[str]:
        return list(self._things)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)


def discover(package: str, paths: Iterable[str]) -> None:
    """Import every module of a package so that each one can register itself."""
    for module in sorted(pkgutil.iter_modules(list(paths)), key=lambda found: found.name):
        importlib.import_module(f"{package}.{module.name}")
