"""A comparison as its page shows it: what all columns share, and what sets each apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.models import Column, Comparison, Generation, Message
from chat.services import asking
from chat.services.comparisons import LEAST, MOST, columns_of, is_kept
from chat.thread import Shown, shown_branch
from chat.words import shot_words
from llmkit.prompts import Shots, ways
from llmkit.types import GenerationSettings
from llmkit.words import setting_words
from training import engines

LONGEST_WORDS = 60


@dataclass(frozen=True)
class Size:
    """How long a column's prompt is, in tokens. `base` of them are there without any shot, where
    the ladder tells; `longest` and `shortest` are those of all columns."""

    tokens: int
    base: int
    longest: int
    shortest: int

    @property
    def is_telling(self) -> bool:
        """Equal lengths need no picture."""
        return self.shortest < self.longest

    @property
    def shots(self) -> int:
        return self.tokens - self.base

    @property
    def width(self) -> float:
        return round(100 * self.tokens / max(1, self.longest), 1)

    @property
    def base_width(self) -> float:
        return round(100 * self.base / max(1, self.longest), 1)


@dataclass(frozen=True)
class ShownColumn:
    """One column. `number` counts from 1; `name` says what sets it apart from the others;
    `is_stale`: its setup was changed after its newest answer was asked for."""

    column: Column
    number: int
    name: str
    thread: list[Shown]
    size: Size | None
    is_stale: bool
    is_kept: bool

    @property
    def answer(self) -> Message | None:
        """The newest answer on the open branch."""
        last = self.thread[-1].message if self.thread else None
        return last if last and last.role == Message.Role.ASSISTANT else None


@dataclass(frozen=True)
class ShownComparison:
    """The whole page. `shared` are the words that hold for every column, `seed` what all of them
    drew with, `context` the messages that every column began with;
    `is_same`: two of the columns, at least, are made of the same."""

    comparison: Comparison
    columns: list[ShownColumn]
    shared: list[str]
    seed: int | None
    context: list[Message]
    question: Shown | None
    is_same: bool

    @property
    def is_live(self) -> bool:
        return any(shown.is_live for column in self.columns for shown in column.thread)

    @property
    def can_add(self) -> bool:
        return len(self.columns) < MOST

    @property
    def can_remove(self) -> bool:
        return len(self.columns) > LEAST


def shown_comparison(comparison: Comparison, models: list[str]) -> ShownComparison:
    columns = columns_of(comparison)
    words = [words_of(column, models) for column in columns]
    shared = [word for word in words[0] if all(word in others for others in words)]
    names = _told_apart([name_of(each, shared) for each in words])
    threads = [shown_branch(column.conversation) for column in columns]
    sizes = _sizes(columns, threads)
    return ShownComparison(
        comparison,
        [
            ShownColumn(
                column,
                number,
                names[number - 1],
                threads[number - 1][column.shared :],
                sizes[number - 1],
                _is_stale(column, threads[number - 1], models),
                is_kept(column),
            )
            for number, column in enumerate(columns, start=1)
        ],
        shared,
        asking.shared_seed(columns),
        [shown.message for shown in threads[0][: columns[0].context]],
        _question(columns, threads),
        len({tuple(each) for each in words}) < len(words),
    )


def words_of(column: Column, models: list[str]) -> list[str]:
    """Everything that makes a column, as words that can be told apart one by one."""
    conversation = column.conversation
    settings = conversation.generation_settings
    words = [engines.preferred(models, conversation.model), *_template_words(column)]
    words += setting_words(settings)
    if settings.seed is not None and not settings.greedy:
        words.append(f"seed {settings.seed}")
    if conversation.system_prompt.strip():
        words.append(f"told “{_cut(conversation.system_prompt)}”")
    return words


def name_of(words: Sequence[str], shared: Sequence[str]) -> str:
    """What is not shared, as a heading; a model's name, which comes first, is left as it is."""
    own = [word for word in words if word not in shared]
    name = " · ".join(own)
    return name if own[:1] == list(words[:1]) else name[:1].upper() + name[1:]


def _question(columns: Sequence[Column], threads: Sequence[list[Shown]]) -> Shown | None:
    """What was asked first, as the first column that was asked has it."""
    asked = [t[c.context] for c, t in zip(columns, threads, strict=True) if len(t) > c.context]
    return asked[0] if asked else None


def _told_apart(names: Sequence[str]) -> list[str]:
    """With the column's number where another one has the same name or nothing sets it apart."""
    return [
        name if name and names.count(name) == 1 else " · ".join(filter(None, (f"Column {n}", name)))
        for n, name in enumerate(names, start=1)
    ]


def _template_words(column: Column) -> list[str]:
    version = column.template_version
    if version is None:
        return ["no template"]
    shots = Shots.from_dict({k: v for k, v in column.use.items() if k != "layout"})
    words = [shot_words(shots.wanted), str(version)]
    if shots.wanted or column.comparison.kind == Comparison.Kind.LADDER:
        words.append(f"examples: {ways.get(shots.choose).label}")
    if column.use.get("layout", version.spec["layout"]) != version.spec["layout"]:
        words.append("in one message" if column.use["layout"] == "inline" else "as chat turns")
    return words + [f"{name}: {_cut(text)}" for name, text in column.inputs.items() if text]


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_WORDS else f"{line[:LONGEST_WORDS].rstrip()}…"


def _made(thread: Sequence[Shown]) -> Generation | None:
    return thread[-1].generation if thread else None


def _sizes(columns: Sequence[Column], threads: Sequence[Sequence[Shown]]) -> list[Size | None]:
    tokens = [made.prompt_tokens if (made := _made(t)) else None for t in threads]
    return sizes_of(columns, tokens)


def sizes_of(columns: Sequence[Column], tokens: Sequence[int | None]) -> list[Size | None]:
    """Each prompt beside the longest; on a ladder the first rung says how much is not shots."""
    known = [count for count in tokens if count]
    if not known:
        return [None] * len(tokens)
    ladder = columns[0].comparison.kind == Comparison.Kind.LADDER
    without = [c for c, column in zip(tokens, columns, strict=True) if not column.use.get("count")]
    base = without[0] if ladder and without else None
    return [
        Size(count, min(base or count, count), max(known), min(known)) if count else None
        for count in tokens
    ]


def _is_stale(column: Column, thread: Sequence[Shown], models: list[str]) -> bool:
    made = _made(thread)
    if made is None:
        return False
    conversation, asked = column.conversation, thread[-1].message.parent
    drawn = GenerationSettings.from_dict(made.settings)
    wanted = conversation.generation_settings
    if wanted.seed is None and drawn.seed is not None:
        wanted = wanted.with_seed(drawn.seed)
    return (
        drawn != wanted
        or made.model != engines.preferred(models, conversation.model)
        or (asked is not None and _asked_otherwise(column, asked))
    )


def _asked_otherwise(column: Column, asked: Message) -> bool:
    if asked.template_version_id != column.template_version_id:
        return True
    used = asked.template_use or {}
    return any(used.get(name) != value for name, value in column.use.items() if name in used)
