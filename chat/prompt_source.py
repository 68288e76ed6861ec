"""The chat's templates as evaluations are offered them: plain data, newest versions."""

from typing import Any

from accounts.models import User
from chat.models import PromptTemplate, PromptTemplateVersion
from evaluation.prompt_sources import Offered


def templates(user: User) -> list[Offered]:
    """The shipped ones and the person's own."""
    visible: Any = PromptTemplate.objects.visible_to(user).with_latest_id()
    newest = visible.values_list("latest_id", flat=True)
    found = PromptTemplateVersion.objects.filter(pk__in=list(newest)).select_related("template")
    return [
        Offered(f"chat-{each.pk}", each.template.name, each.number, each.spec)
        for each in found.order_by("template__name")
    ]
