"""What a template is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

LAYOUTS = ("chat", "inline")
INSTRUCTION_PLACES = ("system", "user")


@dataclass(frozen=True)
class Field:
    """Something the person fills in. `default` None means it must be given."""

    name: str
    label: str
    multiline: bool = False
    placeholder: str = ""
    default: str | None = None


@dataclass(frozen=True)
class Example:
    """One labelled example; `label` is what a person reads in the list of examples."""

    inputs: Mapping[str, str]
    output: str
    label: str = ""
