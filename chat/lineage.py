"""What an answer in the chat comes from, and the tasks in which it is ranked."""

from collections.abc import Collection

from django.db.models import QuerySet

from accounts.models import User
from chat.models import Generation, Message
from feedback.lineage import TASK, tasks_seen, versions_called
from feedback.models import CandidateSource
from llmkit.lineage import Links, Node, Ref, numbers, ref
from training.lineage import MODEL, limited

MESSAGE = "message"
EXCERPT = 60


def nodes(refs: Collection[Ref], user: User) -> dict[Ref, Node]:
    """A person's own answers only; others see the task that a vote has made of one."""
    mine = Message.objects.owned_by(user).filter(pk__in=numbers(refs, MESSAGE))
    answers = mine.filter(role=Message.Role.ASSISTANT).select_related("conversation")
    return {ref(MESSAGE, one.pk): node(one) for one in answers}


def node(answer: Message) -> Node:
    name = " ".join(answer.text.split())[:EXCERPT] or "Empty answer"
    url = answer.conversation.get_absolute_url()
    return Node(ref(MESSAGE, answer.pk), "Answer", name, url, str(answer.conversation))


def parents(refs: Collection[Ref], user: User, most: int) -> Links:
    """The models that wrote the answers, and the answers that tasks are about."""
    answers = Message.objects.owned_by(user).filter(pk__in=numbers(refs, MESSAGE))
    made = list(Generation.objects.filter(message__in=answers).values_list("message", "model"))
    versions = versions_called({model for _, model in made})
    found = Links()
    for message, model in dict.fromkeys(made):
        if model in versions:
            found.pairs.append((ref(MODEL, versions[model]), ref(MESSAGE, message)))
    rows = ranked(user).filter(candidate__task__in=numbers(refs, TASK))
    pairs = rows.values_list("message", "candidate__task").distinct()
    found.pairs += [(ref(MESSAGE, message), ref(TASK, task)) for message, task in pairs]
    return found


def children(refs: Collection[Ref], user: User, most: int) -> Links:
    rows = ranked(user).filter(message__in=numbers(refs, MESSAGE))
    pairs = rows.values_list("message", "candidate__task").distinct()
    return limited([(ref(MESSAGE, m), ref(TASK, task)) for m, task in pairs], most, "tasks")


def ranked(user: User) -> "QuerySet[CandidateSource]":
    """Answers in tasks that the person may see, where the answer is theirs."""
    mine = Message.objects.owned_by(user).values("pk")
    seen = CandidateSource.objects.filter(candidate__task__in=tasks_seen(user))
    return seen.filter(message__in=mine).order_by("message", "candidate__task")
