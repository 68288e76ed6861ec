"""From a row of a file to the row that a task asks about: its columns named as on the hub.

A task's `files.rows` says for each column where it comes from: a column's name, or one of

    {whole: label}      a whole number          {number: score}    any number
    {truth: label}      true or false as 1, 0   {said: fname}      a text, also of a number
    {text: ctx_b}       a text that may be empty
    {named: gold_label, as: {entailment: 0}}    a word that stands for something else
    {all: [summary, summary1]}                  those that are there, as a list
"""

from collections.abc import Callable, Mapping
from typing import Any

from evaluation.benchmarks.readers.reader import FileFaultError

Row = Mapping[str, Any]


def made(row: Row, wanted: Mapping[str, Any], place: str) -> dict[str, Any]:
    """FileFaultError with the place for a column that is missing or does not fit."""
    return {name: _value(row, how, place) for name, how in wanted.items()}


def _value(row: Row, how: Any, place: str) -> Any:
    if isinstance(how, str):
        return _there(row, how, place)
    if "all" in how:
        found = [row[name] for name in how["all"] if _says(row.get(name))]
        if not found:
            raise FileFaultError(f"{place}: it has none of {', '.join(how['all'])}.")
        return found
    if "named" in how:
        return _named(row, how, place)
    (kind, name), *_ = how.items()
    value = row.get(name, "") if kind == "text" else _there(row, name, place)
    try:
        return CONVERTED[kind](value)
    except (KeyError, TypeError, ValueError) as error:
        raise FileFaultError(f"{place}: its {name} can't be {str(value)[:60]!r}.") from error


def _named(row: Row, how: Mapping[str, Any], place: str) -> Any:
    value = str(_there(row, how["named"], place))
    if value not in how["as"]:
        known = ", ".join(how["as"])
        raise FileFaultError(f"{place}: its {how['named']} is {value[:60]!r}, none of {known}.")
    return how["as"][value]


def _there(row: Row, name: str, place: str) -> Any:
    value = row.get(name)
    if not _says(value):
        raise FileFaultError(f"{place}: it has no {name}.")
    return value


def _says(value: Any) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


def _truth(value: Any) -> int:
    return {"true": 1, "1": 1, "false": 0, "0": 0}[str(value).lower()]


def _said(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(value)


CONVERTED: Mapping[str, Callable[[Any], Any]] = {
    "whole": int,
    "number": float,
    "truth": _truth,
    "said": _said,
    "text": _said,
}
