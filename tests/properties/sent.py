"""What the site's own pages would send: their forms, by address, as they stand there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import html

Pairs = list[tuple[str, str]]
ADDRESSES = ("action", "formaction", "hx-post")
WIDEST = 400


@dataclass
class Forms:
    """`pairs` and `files` by address: fields with what stands in them, and names of file fields."""

    pairs: dict[str, Pairs] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)

    def read(self, address: str, page: bytes) -> None:
        """Those of one page; a form that was met before is the same form."""
        for form in html.fromstring(page).iter("form") if page.strip() else ():
            pairs, files = fields(form)
            for each in targets(form, address):
                self.pairs.setdefault(each, pairs)
                self.files.setdefault(each, set()).update(files)


def targets(form: Any, address: str) -> Iterator[str]:
    """Where it or one of its buttons leads; a form that names nothing leads to its own page."""
    named = [one.get(name) for one in form.iter() for name in ADDRESSES if one.get(name)]
    for each in named or [address]:
        yield each.partition("?")[0]


def fields(form: Any) -> tuple[Pairs, Sequence[str]]:
    """Boxes that aren't ticked are ticked, the first of several choices is made."""
    pairs: Pairs = []
    chosen: set[str] = set()
    for one in form.iter("input", "select", "textarea", "button"):
        name, kind = one.get("name"), one.get("type", "")
        if not name or kind == "file" or (kind == "radio" and name in chosen):
            continue
        chosen.add(name)
        pairs.append((name, standing_in(one)))
    return pairs[:WIDEST], [one.get("name") for one in form.iter("input") if is_file(one)]


def is_file(one: Any) -> bool:
    return one.get("type") == "file" and bool(one.get("name"))


def standing_in(one: Any) -> str:
    if one.tag == "select":
        options = [option.get("value", option.text or "") for option in one.iter("option")]
        return next((value for value in options if value), "")
    if one.tag == "textarea":
        return one.text or "A fox"
    return one.get("value") or ("on" if one.get("type") == "checkbox" else "fox")
