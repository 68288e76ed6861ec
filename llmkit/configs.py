"""Settings as a dataclass: the form in the browser, the check and the file are made from it.

@dataclass(frozen=True)
class Config:
    rank: int = setting(8, "Rank", "Width of the two thin matrices.", minimum=1, maximum=512)
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

from llmkit.registry import near_names

T = TypeVar("T")
KEY = "setting"
WORDS = {"true": True, "yes": True, "on": True, "1": True}
WORDS |= {"false": False, "no": False, "off": False, "0": False, "": False}


class ConfigError(ValueError):
    """A setting is unknown or out of bounds; `name` says which, the text what to do."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@dataclass(frozen=True)
class About:
    """What a form says about a setting. An `advanced` one is folded away; `unit` follows it."""

    label: str
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    advanced: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Setting:
    """`kind` is bool, int, float, str or tuple (of texts); an optional one may be None."""

    name: str
    kind: type
    optional: bool
    default: Any
    about: About


def setting(default: Any, label: str, help: str = "", **about: Any) -> Any:
    return field(default=default, metadata={KEY: About(label, help, **about)})


def settings_of(config: type[Any]) -> list[Setting]:
    """In the order in which they are written."""
    hints = get_type_hints(config)
    return [_setting(found, hints[found.name]) for found in fields(config) if KEY in found.metadata]


def _setting(found: "Field[Any]", hint: Any) -> Setting:
    options = [each for each in get_args(hint) if each is not type(None)]
    is_union = isinstance(hint, UnionType)
    kind = options[0] if is_union else tuple if get_args(hint) else hint
    default = None if found.default is MISSING else found.default
    return Setting(found.name, kind, is_union, default, found.metadata[KEY])


def read(config: type[T], values: Mapping[str, Any]) -> T:
    """The config from JSON values or from the texts of a form; what is left out has its default.

    ConfigError for a name that is not known and for a value that does not fit.
    """
    known = {each.name: each for each in settings_of(config)}
    for name in values:
        if name not in known:
            raise ConfigError(name, f"There is no setting '{name}'. {near_names(name, known)}")
    return config(**{name: checked(known[name], value) for name, value in values.items()})


def written(config: Any) -> dict[str, Any]:
    """For JSON; `read` gives an equal config back."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(config).items()}


def as_text(value: Any) -> str:
    """As a form shows it; `checked` makes the same value of it again."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return repr(value).removesuffix(".0")
        case tuple() | list():
            return " ".join(map(shlex.quote, value))
    return str(value)


def checked(about: Setting, value: Any) -> Any:
    """One setting's value from JSON or from the text of a form, or ConfigError."""
    if about.optional and value in (None, ""):
        return None
    try:
        parsed = PARSERS[about.kind](value)
    except (KeyError, TypeError, ValueError):
        words = {int: "a whole number", float: "a number", bool: "yes or no"}
        sentence = f"{about.about.label} must be {words.get(about.kind, 'text')}."
        raise ConfigError(about.name, sentence) from None
    _within(about, parsed)
    return parsed


def _within(about: Setting, value: Any) -> None:
    low, high, choices = about.about.minimum, about.about.maximum, about.about.choices
    if choices and value not in choices:
        sentence = f"{about.about.label} must be one of: {', '.join(choices)}."
        raise ConfigError(about.name, sentence)
    if low is not None and value < low:
        raise ConfigError(about.name, f"{about.about.label} must be at least {low:g}.")
    if high is not None and value > high:
        raise ConfigError(about.name, f"{about.about.label} must be at most {high:g}.")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    number = float(value)
    if number - number != 0:
        raise ValueError("not a number")
    return number


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else WORDS[str(value).strip().lower()]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value.strip()


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(part) for part in (in_words(value) if isinstance(value, str) else value))


def in_words(text: str) -> Iterator[str]:
    """Apart by spaces or commas; quotes hold together a word that has some."""
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace, words.whitespace_split = " \t\r\n,", True
    words.commenters = words.escape = ""
    return iter(words)


PARSERS: dict[type, Callable[[Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _truth,
    str: _text,
    tuple: _texts,
}
