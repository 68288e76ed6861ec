"""The row that is the truth about one streamed answer, and the text it has produced so far."""

import uuid
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from chat.models.conversation import Message
from llmkit.types import GenerationSettings

SILENT_AFTER = timedelta(seconds=30)


class GenerationQuerySet(models.QuerySet["Generation"]):
    def live(self) -> Self:
        return self.filter(state__in=Generation.LIVE)

    def silent(self) -> Self:
        """Live ones whose producer has not been heard of for SILENT_AFTER."""
        return self.live().filter(heartbeat_at__lt=timezone.now() - SILENT_AFTER)


class Generation(models.Model):
    """One request to an engine that writes (or continues) an assistant message.

    `start` is where in the message's text it began, in characters. While it is live the text is
    in its chunks; when it ends they are folded into the message in one transaction. `fitted` is
    False until the prompt has been cut to the model's window, which needs an engine that answers.
    `dropped` are the messages that were left out, `cuts` the documents sent in part: their name,
    how many characters and words of them were sent, and of how many words.

    `tokens` are the ids it wrote, where the server tells them, and `beginning` those that the text
    up to `start` is made of, where it goes on from exactly them. `wait` says what the first word
    waits for besides its turn, and `loaded` how much of the model, 0..1, is in memory by now.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Writing"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        INTERRUPTED = "interrupted", "Interrupted"
        FAILED = "failed", "Failed"

    class Wait(models.TextChoices):
        SERVER = "server", "No answer from the model server yet"
        MODEL = "model", "The model is being loaded"

    LIVE = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="generations")
    state = models.CharField(max_length=11, choices=State.choices, default=State.QUEUED)
    start = models.PositiveIntegerField(default=0)
    model = models.CharField(max_length=200)
    settings = models.JSONField()
    prompt = models.JSONField()
    fitted = models.BooleanField(default=True)
    dropped = models.JSONField(default=list)
    beginning = models.JSONField(default=list, blank=True)
    tokens = models.JSONField(default=list, blank=True)
    cuts = models.JSONField(default=list)
    producer = models.CharField(max_length=200)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    cancel_requested = models.BooleanField(default=False)
    queue_position = models.PositiveIntegerField(null=True)
    wait = models.CharField(max_length=6, choices=Wait.choices, blank=True)
    loaded = models.FloatField(null=True)
    finish_reason = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    ttft_ms = models.FloatField(null=True)
    total_ms = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["message"],
                condition=Q(state__in=["queued", "running"]),
                name="one_live_generation_per_message",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.get_state_display().lower()}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    @property
    def is_loading(self) -> bool:
        return self.is_live and self.wait == self.Wait.MODEL

    @property
    def status(self) -> str:
        """What a reader is told as long as there is no text."""
        if self.wait == self.Wait.MODEL:
            return f"Loading {self.model}…"
        if self.wait == self.Wait.SERVER:
            return "Waiting for the model server to answer…"
        if self.queue_position:
            return f"Waiting, number {self.queue_position} in line"
        return "Writing…" if self.state == self.State.RUNNING else "Waiting for the model…"

    @property
    def generation_settings(self) -> GenerationSettings:
        return GenerationSettings.from_dict(self.settings)

    @property
    def continues_text(self) -> bool:
        """Whether it goes on from the message's text, whose tokens are not known."""
        return self.start > 0 and not self.beginning

    @property
    def answer_tokens(self) -> list[int]:
        """The ids of the whole message, or none where a part is known as text only."""
        return [] if self.continues_text else [*self.beginning, *self.tokens]

    @property
    def tokens_per_second(self) -> float | None:
        """Completion tokens by the time after the first one, None where it can't be told."""
        if not self.completion_tokens or self.total_ms is None or self.ttft_ms is None:
            return None
        seconds = (self.total_ms - self.ttft_ms) / 1000
        return (self.completion_tokens - 1) / seconds if seconds > 0 else None


class Chunk(models.Model):
    """A burst of text as it was stored, before anyone was shown it, with its token ids."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="chunks")
    start = models.PositiveIntegerField()
    text = models.TextField()
    tokens = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["start"]
        constraints = [
            models.UniqueConstraint(fields=["generation", "start"], name="chunks_follow_each_other")
        ]

    def __str__(self) -> str:
        return f"{self.start}: {self.text[:40]}"
