"""Who acts now: the person whose request is answered, or nobody in a shell or a worker.

It is asked for where something is recorded, so that no service between a view and a row needs to
hand a person through, and none can forget to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from accounts.models import User

_acting: ContextVar[Callable[[], object]] = ContextVar("acting", default=lambda: None)


def acting() -> User | None:
    person = _acting.get()()
    return person if isinstance(person, User) else None


@contextmanager
def acting_as(person: Callable[[], object]) -> Iterator[None]:
    """`person` is asked when somebody wants to know, so that whoever does not, looks nobody up."""
    before = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(before)


class ActingMiddleware:
    """Behind AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_as(lambda: request.user):
            return self.get_response(request)
