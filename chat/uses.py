"""What conversations say about the models they use."""

from collections.abc import Collection

from django.db.models import Count

from accounts.models import User
from chat.models import Conversation, Generation
from training.uses import Use


def uses(names: Collection[str]) -> dict[str, Use]:
    """By model: listed conversations set to it, answers being written with it, and whose."""
    found: dict[str, Use] = dict.fromkeys(names, Use())
    kept = Conversation.objects.listed().filter(model__in=names, deleted_at=None)
    counted = kept.values_list("model", "owner").annotate(count=Count("pk")).order_by()
    live = Generation.objects.live().filter(model__in=names)
    writing = list(live.values_list("model", "message__conversation__owner"))
    rows = list(counted)
    people = _display_names({owner for _, owner, *_ in [*rows, *writing]})
    for model, owner, count in rows:
        found[model] += Use(conversations=count, people=frozenset({people[owner]}))
    for model, owner in writing:
        found[model] += Use(answers=1, writing=frozenset({people[owner]}))
    return found


def renamed(old: str, new: str) -> None:
    """Conversations are set to the model by its name."""
    Conversation.objects.filter(model=old).update(model=new)


def _display_names(owners: set[int]) -> dict[int, str]:
    return {user.pk: user.display_name for user in User.objects.filter(pk__in=owners)}
