"""Answers: written once, whole, and by somebody who lives."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q

from chat.models import Chunk, Conversation, Generation, Message
from llmkit.identity import is_dead
from llmsite.invariants.invariant import Look, invariant


@invariant("nothing lost")
def ended_answers_hold_all_their_text(look: Look) -> Iterator[str]:
    """An answer that has ended holds all of its text: no piece of it was left aside."""
    ended = Generation.objects.exclude(state__in=Generation.LIVE)
    look.at(ended.count())
    aside = ended.filter(Exists(Chunk.objects.filter(generation=OuterRef("pk"))))
    for generation in aside:
        yield f"message {generation.message_id}: pieces of its text are not in it"


@invariant("nothing lost")
def pieces_of_an_answer_follow_each_other(look: Look) -> Iterator[str]:
    """Of an answer that is being written, each stored piece begins where the one before ended."""
    pieces = Chunk.objects.filter(generation__state__in=Generation.LIVE)
    pieces = pieces.select_related("generation").order_by("generation", "start")
    expected: dict[object, int] = {}
    for piece in pieces.iterator():
        look.at()
        at = expected.get(piece.generation_id, piece.generation.start)
        if piece.start != at:
            yield f"message {piece.generation.message_id}: a piece is missing at character {at}"
        expected[piece.generation_id] = piece.start + len(piece.text)


@invariant("nothing lost")
def every_answer_belongs_to_a_question(look: Look) -> Iterator[str]:
    """What a model wrote stands under a person's turn in the same conversation."""
    answers = Message.objects.filter(role=Message.Role.ASSISTANT, generations__isnull=False)
    look.at(answers.distinct().count())
    astray = Q(parent=None) | ~Q(parent__role=Message.Role.USER)
    for pk in answers.filter(astray).values_list("pk", flat=True).distinct():
        yield f"message {pk}: it answers nobody"
    elsewhere = Message.objects.exclude(parent=None).exclude(parent__conversation=F("conversation"))
    for pk in elsewhere.values_list("pk", flat=True):
        yield f"message {pk}: it stands under a message of another conversation"


@invariant("nothing lost")
def open_branches_lead_somewhere(look: Look) -> Iterator[str]:
    """The branch that a conversation shows ends in a message of its own."""
    shown = Conversation.objects.exclude(leaf=None)
    look.at(shown.count())
    for pk in shown.exclude(leaf__conversation=F("pk")).values_list("pk", flat=True):
        yield f"conversation {pk}: it shows a branch of another one"


@invariant("nothing twice")
def one_answer_at_a_time(look: Look) -> Iterator[str]:
    """Nobody writes into a message that another one is writing."""
    live = Generation.objects.live().order_by().values("message").annotate(n=Count("pk"))
    look.at(len(live))
    for found in live.filter(n__gt=1):
        yield f"message {found['message']}: {found['n']} answers are being written into it"


@invariant("nothing stuck")
def no_answer_waits_for_the_dead(look: Look) -> Iterator[str]:
    """An answer that is being written has a living process that writes it."""
    for generation in Generation.objects.live():
        look.at()
        if look.at_rest or generation.heartbeat_at < look.noticed_before:
            state = generation.get_state_display().lower()
            how = "has died" if is_dead(generation.producer) else "is silent"
            yield f"message {generation.message_id}: {state}, but its process {how}"


@invariant("nothing stuck")
def ended_answers_say_when(look: Look) -> Iterator[str]:
    """An answer has a time of its end exactly where it has ended."""
    look.at(Generation.objects.count())
    live = Q(state__in=Generation.LIVE)
    wrong = Generation.objects.filter(
        (live & Q(ended_at__isnull=False)) | (~live & Q(ended_at=None))
    )
    for generation in wrong:
        yield f"message {generation.message_id}: {generation.state}, ended {generation.ended_at}"
