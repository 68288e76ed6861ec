"""Who keeps a model's name. Rooms above this one register what follows when it changes."""

from collections.abc import Callable

Follow = Callable[[str, str], None]
_followers: list[Follow] = []


def register(follow: Follow) -> Follow:
    """`follow(old, new)` is called inside the transaction that renames. File one, once."""
    if follow not in _followers:
        _followers.append(follow)
    return follow


def tell(old: str, new: str) -> None:
    for follow in _followers:
        follow(old, new)
