"""The cards of the methods: what each is for, what it needs, and what of that is there."""

from dataclasses import dataclass

from accounts.models import User
from training import methods
from training.methods import Method
from training.services.runs import offers
from training.services.runs.offers import Offers

ORDER = ("sft", "reward", "ppo", "dpo")


@dataclass(frozen=True)
class Card:
    """`needs` are the slots that have to be filled."""

    method: Method
    needs: tuple[Offers, ...]

    @property
    def is_ready(self) -> bool:
        return all(need.fitting for need in self.needs)


def cards(user: User) -> list[Card]:
    """In the order in which people meet them; a method that is not known here comes last."""
    names = sorted(methods.names(), key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))
    return [card_of(methods.get(name), user) for name in names]


def card_of(method: Method, user: User) -> Card:
    found = offers.of_method(method, user).values()
    return Card(method, tuple(each for each in found if each.slot.required))
