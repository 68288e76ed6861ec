"""From turns to the exact prompt, cut to the model's window: documents first, then old rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings as site

from chat.models import Message
from chat.services import enclosing, roomy
from chat.services.enclosing import CHARACTERS_PER_TOKEN, Enclosure
from chat.services.searching import Search
from llmkit.types import ChatMessage, EngineError, GenerationSettings
from training import engines


@dataclass(frozen=True)
class Turn:
    """What one message adds to the prompt. Whole turns are dropped, never parts of them; their
    documents are cut instead, and outlive the turn they came with."""

    message_id: int | None
    role: str
    messages: list[ChatMessage]
    documents: tuple[Enclosure, ...] = ()

    @property
    def size(self) -> int:
        """Its characters."""
        return sum(len(text) for text in self._texts())

    def _texts(self) -> list[str]:
        return [part.content for part in self.messages] + [d.text for d in self.documents]


@dataclass(frozen=True)
class Fit:
    """A prompt that fits, with the tokens of `beginning`, whose text is `begun`, behind it.

    `tokens` and `window` are None where the endpoint cannot count; `estimate` says that `tokens`
    was guessed from the length. `cuts` says what was sent of each document that was cut.
    """

    model: str
    messages: list[ChatMessage]
    dropped: list[int] = field(default_factory=list)
    tokens: int | None = None
    window: int | None = None
    estimate: bool = False
    rendered: str | None = None
    is_measured: bool = True
    beginning: list[int] = field(default_factory=list)
    begun: str | None = None
    cuts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_exact(self) -> bool:
        """Counted to the end; an engine stops counting what can't fit any more."""
        return self.estimate or self.rendered is not None


def rounds(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Turns grouped so that each group opens with a person's turn."""
    groups: list[list[Turn]] = []
    for turn in turns:
        if turn.role == Message.Role.USER or not groups:
            groups.append([])
        groups[-1].append(turn)
    return groups


def documents_of(groups: Sequence[Sequence[Turn]]) -> list[Enclosure]:
    return [document for group in groups for turn in group for document in turn.documents]


def flatten(
    system: str,
    groups: Sequence[Sequence[Turn]],
    *,
    carried: Sequence[Enclosure] = (),
    limit: int = enclosing.MEASURED,
) -> list[ChatMessage]:
    """One system message at most, which many chat templates demand, then the turns.

    Documents stand in their turns, at most `limit` characters of each; those `carried` over from
    turns that were dropped stand in the first turn that is left.
    """
    parts: list[ChatMessage] = []
    for number, turn in enumerate(turn for group in groups for turn in group):
        held = (*carried, *turn.documents) if number == 0 else turn.documents
        parts += enclosing.enclose(turn.messages, held, limit)
    systems = [system] if system.strip() else []
    systems += [part.content for part in parts if part.role == "system"]
    rest = [part for part in parts if part.role != "system"]
    head = [ChatMessage("system", "\n\n".join(systems))] if systems else []
    return [*head, *rest]


async def count(
    model: str,
    messages: list[ChatMessage],
    *,
    continue_final: bool = False,
    beginning: Sequence[int] = (),
) -> tuple[int, int | None, str | None, bool]:
    """(tokens, window, rendered prompt, is an estimate) of a prompt."""
    client = await engines.client_for(model)
    counted = await client.tokenize(
        model, messages=messages, continue_final=continue_final, tokens=beginning
    )
    if counted is None:
        size = sum(len(m.content) for m in messages) // CHARACTERS_PER_TOKEN + 4 * len(messages)
        return size, None, None, True
    roomy.remember(model, messages, counted.max_model_len, counted.prompt)
    return counted.count, counted.max_model_len, counted.prompt, False


def budget(window: int, settings: GenerationSettings) -> int:
    """Tokens the prompt may have: room is kept for the answer, at most half the window."""
    return window - min(settings.max_tokens, window // 2)


@dataclass(frozen=True)
class _Fitting:
    """Looks for the fullest prompt that fits, by counting candidates: a number of the oldest
    rounds dropped and a limit in characters for each document."""

    model: str
    system: str
    groups: list[list[Turn]]
    settings: GenerationSettings
    continue_final: bool
    beginning: Sequence[int]
    documents: list[Enclosure]

    @property
    def whole(self) -> int:
        """The limit that cuts no document, or only what no window could hold."""
        return enclosing.measured_limit(self.documents)

    async def measure(self, drop: int, limit: int) -> Fit:
        carried, gone = documents_of(self.groups[:drop]), self.groups[:drop]
        messages = flatten(self.system, self.groups[drop:], carried=carried, limit=limit)
        tokens, window, text, guess = await count(
            self.model,
            messages,
            continue_final=self.continue_final,
            beginning=self.beginning,
        )
        dropped = [t.message_id for g in gone for t in g if t.message_id is not None]
        cuts = enclosing.cuts(self.documents, limit)
        found = Fit(self.model, messages, dropped, tokens, window, guess, text, cuts=cuts)
        return replace(found, beginning=[*self.beginning])

    def room(self, found: Fit) -> int | None:
        """Tokens the prompt may have; None where nobody knows and nothing can be cut."""
        window = found.window or (site.ASSUMED_WINDOW if self.documents else None)
        return budget(window, self.settings) if window else None

    def fits(self, found: Fit, reserved: int = 0) -> bool:
        room = self.room(found)
        return room is None or (found.tokens or 0) + reserved <= room

    @property
    def first(self) -> int | None:
        """The message that the branch begins with."""
        return self.groups[0][0].message_id if self.groups else None

    async def best(self) -> Fit:
        last = len(self.groups) - 1
        start = min(roomy.left_out(self.first), last)
        if start > 0 and not self.documents:
            return (await self._fewest_dropped(Search(0, last, start)))[1]
        return await self._best_from_the_whole(last)

    async def _best_from_the_whole(self, last: int) -> Fit:
        found = await self.measure(0, self.whole)
        if self.fits(found):
            return found
        if last > 0 or self.documents:
            found = await self.measure(last, 0)
        if not self.fits(found):
            raise too_long(found, self.settings)
        search = Search(0 if self.documents else 1, last, found=found)
        drop, found = await self._fewest_dropped(search, await self._reserved(last, found))
        return await self._filled(drop, found) if self.documents else found

    async def _fewest_dropped(self, search: Search[Fit], reserved: int = 0) -> tuple[int, Fit]:
        while not search.is_over:
            drop = search.probe
            found = await self.measure(drop, 0)
            search.learn(drop, found if self.fits(found, reserved) else None)
        found = search.found or await self.measure(search.high, 0)
        if not self.fits(found):
            raise too_long(found, self.settings)
        roomy.remember_left_out(self.first, search.high)
        return search.high, found

    async def _reserved(self, last: int, newest: Fit) -> int:
        """Tokens kept for documents while rounds can go: all they need, at most half the room."""
        if not self.documents or last == 0:
            return 0
        whole = await self.measure(last, self.whole)
        need = (whole.tokens or 0) - (newest.tokens or 0)
        return min(need, (self.room(newest) or 0) // 2)

    async def _filled(self, drop: int, bare: Fit) -> Fit:
        """`bare` with as much of each document as there is room for."""
        whole = await self.measure(drop, self.whole)
        if self.fits(whole):
            return whole
        return await enclosing.largest(
            lambda limit: self.measure(drop, limit),
            self.documents,
            bare=bare,
            room=self.room(bare) or 0,
        )


async def fit(
    *,
    model: str,
    system: str,
    turns: Sequence[Turn],
    settings: GenerationSettings,
    continue_final: bool = False,
    beginning: Sequence[int] = (),
) -> Fit:
    """The prompt with as few of the oldest rounds dropped as the window demands.

    Documents are cut before a round goes, and outlive it. Raises EngineError(code="too_long")
    where the newest round alone does not fit.
    """
    groups = rounds(turns)
    documents = documents_of(groups)
    fitting = _Fitting(model, system, groups, settings, continue_final, beginning, documents)
    return await fitting.best()


def surely_whole(
    *, model: str, system: str, turns: Sequence[Turn], settings: GenerationSettings
) -> Fit | None:
    """The whole prompt, uncounted, where it is so short that it fits in any case; else None."""
    groups = rounds(turns)
    documents = documents_of(groups)
    limit = enclosing.measured_limit(documents)
    messages = flatten(system, groups, limit=limit)
    known = roomy.window_for(model, messages)
    if known is None or known.most > budget(known.window, settings):
        return None
    return Fit(model, messages, window=known.window, cuts=enclosing.cuts(documents, limit))


def too_long(found: Fit, settings: GenerationSettings) -> EngineError:
    room = budget(found.window or 0, settings)
    more = "" if found.is_exact else "more than "
    return EngineError(
        f"This message makes a prompt of {more}{found.tokens:,} tokens; the model has room for "
        f"{room:,}. Shorten it, or lower max new tokens.",
        code="too_long",
    )
