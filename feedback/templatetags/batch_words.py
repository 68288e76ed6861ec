"""What batches say about themselves."""

from typing import Any

from django import template

from feedback.models import Batch, BatchPrompt
from llmkit.types import GenerationSettings
from llmkit.words import setting_words
from training.models import Job
from training.showing.words import duration

register = template.Library()
register.filter("duration", duration)
WORDS = {
    Job.State.RECEIVING: "Draft",
    Job.State.WAITING: "Waiting for a worker",
    Job.State.RUNNING: "Answering",
    Job.State.DONE: "Done",
    Job.State.FAILED: "Paused",
    Job.State.CANCELLED: "Stopped",
}
TONES = {Job.State.DONE: "good", Job.State.FAILED: "danger", Job.State.CANCELLED: "warn"}
PROMPT_TONES = {BatchPrompt.State.MADE: "good", BatchPrompt.State.FAILED: "danger"}
EXCERPT = 160


@register.filter
def state_words(batch: Batch) -> str:
    if batch.is_at_work and batch.cancel_requested:
        return "Stopping"
    return WORDS[Job.State(batch.state)]


@register.filter
def state_tone(batch: Batch) -> str:
    return TONES.get(Job.State(batch.state), "")


@register.filter
def prompt_tone(prompt: BatchPrompt) -> str:
    return PROMPT_TONES.get(BatchPrompt.State(prompt.state), "")


@register.filter
def settings_words(column: dict[str, Any]) -> str:
    """'temperature 0.8, up to 512 tokens'."""
    return ", ".join(setting_words(GenerationSettings.from_dict(column["settings"])))


@register.filter
def asks(prompt: BatchPrompt) -> str:
    """The beginning of its last message."""
    text = " ".join(prompt.messages[-1]["content"].split())
    return text if len(text) <= EXCERPT else text[:EXCERPT].rstrip() + "…"


@register.filter
def thousands(number: int) -> str:
    """5800 as '5,800'."""
    return f"{number:,}"
