"""The words that every room shares when it talks about generating text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled"]

MAX_STOP_STRINGS = 8
PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8", "int4")


@dataclass(frozen=True)
class ChatMessage:
    role: Role
    content: str


class SettingsError(ValueError):
    """A generation setting is out of its range; the text says which one and what it may be."""


@dataclass(frozen=True)
class GenerationSettings:
    """How tokens are picked. Ranges hold for every model and are checked before any work starts.

    `temperature == 0` means greedy decoding; `top_k == 0` and `top_p == 1` switch those filters
    off; `seed is None` lets the caller choose one. Filters apply in the order of the Hugging Face
    logits processors: repetition penalty, temperature, top-k, top-p.
    """

    max_tokens: int = 512
    temperature: float = 0.3
    top_k: int = 50
    top_p: float = 0.9
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = field(default=())

    @property
    def greedy(self) -> bool:
        return self.temperature == 0

    def validated(self) -> Self:
        """Itself, or SettingsError with one sentence about the first value out of range."""
        for name, (low, high, words) in RANGES.items():
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not (low <= value <= high)
            ):
                raise SettingsError(f"{words} must be between {low:g} and {high:g}, not {value!r}.")
        if self.top_p <= 0:
            raise SettingsError("Top-p must be greater than 0.")
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise SettingsError("Seed must be a whole number between 0 and 2^63 - 1.")
        if len(self.stop) > MAX_STOP_STRINGS or any(not s or len(s) > 100 for s in self.stop):
            raise SettingsError(
                f"Give at most {MAX_STOP_STRINGS} stop strings of 1 to 100 characters each."
            )
        return self

    def with_seed(self, seed: int) -> Self:
        return replace(self, seed=seed)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "stop": list(self.stop)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build from stored JSON; unknown keys are refused, missing ones take the default."""
        unknown = set(data) - {f.name for f in fields(cls)}
        if unknown:
            raise SettingsError(f"Unknown setting: {', '.join(sorted(unknown))}.")
        return cls(**{**data, "stop": tuple(data.get("stop") or ())})


RANGES: dict[str, tuple[float, float, str]] = {
    "max_tokens": (1, 32768, "Max new tokens"),
    "temperature": (0, 5, "Temperature"),
    "top_k": (0, 1000, "Top-k"),
    "top_p": (0, 1, "Top-p"),
    "repetition_penalty": (0.1, 10, "Repetition penalty"),
}


@dataclass(frozen=True)
class Queued:
    """The request waits; `position` 1 is next, 0 means it has started."""

    position: int


@dataclass(frozen=True)
class Loading:
    """The model is being loaded; `fraction` 0..1 of it is, None while its turn has not come."""

    fraction: float | None


@dataclass(frozen=True)
class Delta:
    """New text, always whole characters, and the ids of the tokens written since the last one.

    The text may be empty where only ids came; other servers than our engine tell no ids.
    """

    text: str
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The last event of a stream. Token counts are None where the endpoint reports none."""

    reason: FinishReason
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    ttft_ms: float | None = None
    total_ms: float | None = None


StreamEvent = Queued | Loading | Delta | Finished


class EngineError(Exception):
    """The engine could not answer. `str()` is a sentence for people that says what to do.

    `code` is one of: unreachable, refused (the key), busy (queue full), in_use (a model that is
    needed cannot be put away), model_not_found, model_failed, too_long, invalid, interrupted (the
    stream broke off), engine_error.
    """

    def __init__(self, message: str, *, code: str = "engine_error") -> None:
        super().__init__(message)
        self.code = code
