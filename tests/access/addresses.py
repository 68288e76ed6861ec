"""Every address of the site, from the addresses themselves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.world import World

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>")


@dataclass(frozen=True)
class Page:
    """`route` is how the addresses are written down, `name` how the code calls it."""

    name: str
    route: str
    view: object

    @property
    def in_admin(self) -> bool:
        return self.name.startswith("admin:")

    @property
    def parameters(self) -> list[str]:
        return [found[1] or found[2] for found in PARAMETER.finditer(self.route)]

    def address(self, world: World, called: str) -> str:
        """With what belongs to the maker; `called` is the name, or one of several things' names."""
        return reverse(self.name, kwargs=world.values(called, self.parameters))


def pages() -> list[Page]:
    return sorted(walked(get_resolver()), key=lambda page: page.name)


def walked(resolver: URLResolver, above: str = "", spaces: tuple[str, ...] = ()) -> Iterator[Page]:
    """Without Django's admin's two addresses that have no name: they lead to others, or nowhere."""
    for part in resolver.url_patterns:
        route = above + str(part.pattern)
        if isinstance(part, URLResolver):
            inside = (*spaces, part.namespace) if part.namespace else spaces
            yield from walked(part, route, inside)
        elif isinstance(part, URLPattern) and part.name:
            yield Page(":".join((*spaces, part.name)), route, part.callback)
