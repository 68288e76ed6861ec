"""One answer outside a conversation, as the shell asks for it: the page's services, no browser."""

import contextlib
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings as site
from django.db import OperationalError, ProgrammingError

from accounts.models import User
from chat.models import Generation, PromptTemplate, PromptTemplateVersion
from chat.services import similarity
from chat.services.prompt_library import read_library, sync_library
from chat.services.prompt_templates import RenderedTurn, parsed, render_turn
from llmkit.prompts import PromptTemplate as PromptSpec
from llmkit.prompts import PromptTemplateError, Similar
from llmkit.registry import near_names
from llmkit.types import (
    ChatMessage,
    Delta,
    EngineError,
    Finished,
    GenerationSettings,
    SettingsError,
)
from training import engines

SEEDS = 2**31


class RequestError(Exception):
    """What was asked for can't be done; the text is one sentence that says what to change."""


@dataclass(frozen=True)
class Answer:
    """An answer with all that made it. Counts and times are None where the engine told none."""

    text: str
    model: str
    settings: GenerationSettings
    prompt: str | None
    messages: list[ChatMessage]
    finished: Finished
    version: PromptTemplateVersion | None = None
    turn: RenderedTurn | None = None

    def facts(self) -> dict[str, Any]:
        """Plain data for JSON. Examples are counted from 0, in the order shown.

        `template_version` is None where the template came straight from its file."""
        ended = self.finished
        return {
            "text": self.text,
            "model": self.model,
            "template": self.version.template.slug if self.version else None,
            "template_version": self.version.number if self.version else None,
            "shots": len(self.turn.used_examples) if self.turn else 0,
            "examples_used": self.turn.used_examples if self.turn else [],
            "prompt": self.prompt,
            "messages": [asdict(message) for message in self.messages],
            "settings": self.settings.to_dict(),
            "seed": self.settings.seed,
            "prompt_tokens": ended.prompt_tokens,
            "completion_tokens": ended.completion_tokens,
            "tokens_per_second": Generation(
                completion_tokens=ended.completion_tokens,
                ttft_ms=ended.ttft_ms,
                total_ms=ended.total_ms,
            ).tokens_per_second,
            "ttft_ms": ended.ttft_ms,
            "finish_reason": ended.reason,
        }


@dataclass(frozen=True)
class Wanted:
    """What to answer. `given` holds settings asked for by name, over the template's suggestions.

    `text` is the message of a plain chat, or the only input of the template that must be given.
    `owner` is the person among whose templates `template` is looked for, before the shipped ones.
    """

    model: str = ""
    template: str = ""
    owner: str = ""
    text: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    use: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)


def answer(*, wanted: Wanted, on_text: Callable[[str], None]) -> Answer:
    """The answer, from a running engine or else from one in this process.

    Raises RequestError, PromptTemplateError, SettingsError or EngineError, each one sentence.
    """
    served = async_to_sync(_served)()
    model = _model(wanted.model, served)
    version = named_version(wanted.template, wanted.owner) if wanted.template else None
    settings = _settings(version, wanted.given)
    similar = similarity.by_engine if served else _embed_here
    turn = _turn(version, wanted, similar) if version else None
    messages = _messages(turn, wanted)
    write = _from_engine if served else _in_this_process
    prompt, text, finished = write(model, messages, settings, on_text)
    return Answer(text, model, settings, prompt, messages, finished, version, turn)


async def _served() -> list[str]:
    try:
        return await engines.models()
    finally:
        await engines.close()


def _model(name: str, served: Sequence[str]) -> str:
    known = served or _installed()
    wanted = name or site.DEFAULT_MODEL
    if wanted in known:
        return wanted
    if not known:
        raise RequestError("There is no model yet. Run make run, or manage.py fetch_models.")
    if not name and served:
        return served[0]
    raise RequestError(f"There is no model called '{wanted}'. {near_names(wanted, known)}")


def _installed() -> list[str]:
    return [path.parent.name for path in site.MODELS_DIR.glob("*/config.json")]


def named_version(slug: str, owner: str = "") -> PromptTemplateVersion:
    """The latest version of a person's own template where one is named, else of a shipped one."""
    if not owner:
        return shipped_version(slug)
    person = User.objects.filter(username=owner).first()
    if person is None:
        raise RequestError(f"There is nobody called '{owner}'.")
    mine = PromptTemplate.objects.owned_by(person)
    found = mine.filter(slug=slug).first()
    if found is not None:
        return found.latest
    try:
        return shipped_version(slug)
    except RequestError as error:
        known = [*mine.values_list("slug", flat=True), *_shipped_slugs()]
        raise _no_template(slug, known) from error


def _shipped_slugs() -> list[str]:
    shipped = PromptTemplate.objects.filter(owner=None, archived_at=None)
    return list(shipped.values_list("slug", flat=True))


def shipped_version(slug: str) -> PromptTemplateVersion:
    """The latest version of a shipped template; brings the library in where it is missing.

    Before the first migration it comes unsaved from the library's file.
    """
    try:
        shipped = PromptTemplate.objects.filter(owner=None, archived_at=None)
        if not shipped.filter(slug=slug).exists():
            sync_library()
        found = shipped.filter(slug=slug).first()
        known = _shipped_slugs()
    except (OperationalError, ProgrammingError):
        return _version_in_file(slug)
    if found is None:
        raise _no_template(slug, known)
    return found.latest


def _version_in_file(slug: str) -> PromptTemplateVersion:
    library = {entry.slug: entry for entry in read_library()}
    if slug not in library:
        raise _no_template(slug, list(library))
    entry = library[slug]
    spec = PromptSpec.from_dict(entry.spec).to_dict()
    return PromptTemplateVersion(template=PromptTemplate(slug=slug, name=entry.name), spec=spec)


def _no_template(slug: str, known: Sequence[str]) -> RequestError:
    return RequestError(f"There is no template called '{slug}'. {near_names(slug, known)}")


def _settings(
    version: PromptTemplateVersion | None, given: Mapping[str, Any]
) -> GenerationSettings:
    base = GenerationSettings()
    suggested = parsed(version).suggested(base) if version else base
    settings = GenerationSettings.from_dict({**suggested.to_dict(), **given}).validated()
    return settings if settings.seed is not None else settings.with_seed(secrets.randbelow(SEEDS))


def _turn(version: PromptTemplateVersion, wanted: Wanted, similar: Similar) -> RenderedTurn:
    inputs = dict(wanted.inputs)
    if wanted.text is not None:
        inputs[_only_field(version)] = wanted.text
    return render_turn(version=version, inputs=inputs, use=wanted.use, similar=similar)


def _only_field(version: PromptTemplateVersion) -> str:
    fields = parsed(version).fields
    needed = [field.name for field in fields if field.default is None] or [fields[0].name]
    if len(needed) > 1:
        raise RequestError(
            f"This template has the fields {', '.join(needed)}; give each with --input-field "
            "name=value."
        )
    return needed[0]


def _messages(turn: RenderedTurn | None, wanted: Wanted) -> list[ChatMessage]:
    if turn is not None:
        return [ChatMessage(**message) for message in turn.messages]  # type: ignore[arg-type]
    if wanted.inputs or wanted.use:
        raise RequestError("Fields and shots belong to a template; name one with --template.")
    if not (wanted.text or "").strip():
        raise RequestError("There is nothing to answer. Give a text with --input.")
    return [ChatMessage("user", wanted.text or "")]


def _embed_here(query: str, texts: Sequence[str]) -> list[int]:
    from llmkit.embeddings import Embedder, EmbedderError, Ranking

    try:
        with contextlib.redirect_stdout(sys.stderr):
            return Ranking(Embedder(site.EMBEDDINGS_DIR))(query, texts)
    except EmbedderError as error:
        raise PromptTemplateError(str(error)) from error


Written = tuple[str | None, str, Finished]


def _from_engine(
    model: str,
    messages: list[ChatMessage],
    settings: GenerationSettings,
    on_text: Callable[[str], None],
) -> Written:
    async def ask() -> Written:
        try:
            client = await engines.client_for(model)
            counted = await client.tokenize(model, messages)
            pieces: list[str] = []
            async for event in client.stream_chat(model, messages, settings):
                if isinstance(event, Delta):
                    pieces.append(event.text)
                    on_text(event.text)
                elif isinstance(event, Finished):
                    return counted.prompt if counted else None, "".join(pieces), event
            raise EngineError("The answer broke off. Try again.", code="interrupted")
        finally:
            await engines.close()

    return async_to_sync(ask)()


def _in_this_process(
    model: str,
    messages: list[ChatMessage],
    settings: GenerationSettings,
    on_text: Callable[[str], None],
) -> Written:
    from llmkit.engine.local import generate_once

    prompts: list[str] = []
    with contextlib.redirect_stdout(sys.stderr):
        text, finished = generate_once(
            site.MODELS_DIR,
            model,
            messages,
            settings,
            threads=site.THREADS,
            dtype=site.ENGINE_DTYPE,
            on_text=on_text,
            on_prompt=prompts.append,
        )
    return prompts[0], text, finished


REFUSALS = (RequestError, PromptTemplateError, SettingsError, EngineError)
