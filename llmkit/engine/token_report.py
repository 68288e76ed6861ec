"""Tokens in OpenAI's shapes: `logprobs` of chats and of completions, and `token_ids`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmkit.engine.names import TokenNames
from llmkit.engine.requests import Written


@dataclass
class TokenReporter:
    """What a request wants to be told of its tokens.

    The token that ended the turn is among the ids, but has no `logprobs`: it is no content.
    """

    names: TokenNames
    kind: str
    logprobs: bool
    ids: bool
    _offsets: dict[int, int] = field(default_factory=dict)

    @property
    def wanted(self) -> bool:
        return self.logprobs or self.ids

    def report(self, choice: int, tokens: Sequence[Written]) -> dict[str, Any]:
        """The fields of a choice; `logprobs` is null where it was not asked for."""
        told: dict[str, Any] = {"logprobs": None}
        if self.logprobs:
            content = [token for token in tokens if not token.ends]
            told["logprobs"] = self._logprobs(choice, content)
        return told | ({"token_ids": [token.id for token in tokens]} if self.ids else {})

    def _logprobs(self, choice: int, tokens: Sequence[Written]) -> dict[str, Any]:
        if self.kind == "chat":
            return {"content": [self._chat_entry(token) for token in tokens], "refusal": None}
        return self._text_entries(choice, tokens)

    def _chat_entry(self, token: Written) -> dict[str, Any]:
        likelihood = known(token)
        top = [self._named(i, logprob) for i, logprob in likelihood.top]
        return {**self._named(token.id, likelihood.logprob), "top_logprobs": top}

    def _named(self, token: int, logprob: float) -> dict[str, Any]:
        own = self.names.bytes(token)
        bytes_ = list(own) if own else None
        return {"token": self.names.text(token), "logprob": logprob, "bytes": bytes_}

    def _text_entries(self, choice: int, tokens: Sequence[Written]) -> dict[str, Any]:
        found = [known(token) for token in tokens]
        return {
            "tokens": [self.names.text(token.id) for token in tokens],
            "token_logprobs": [each.logprob for each in found],
            "top_logprobs": [{self.names.text(i): p for i, p in each.top} for each in found],
            "text_offset": [self._offset(choice, token.id) for token in tokens],
        }

    def _offset(self, choice: int, token: int) -> int:
        """Where the token's text begins, in characters from the start of the answer."""
        at = self._offsets.get(choice, 0)
        self._offsets[choice] = at + characters_begun(self.names.bytes(token))
        return at


def characters_begun(own: Iterable[int]) -> int:
    """How many UTF-8 characters begin in these bytes."""
    return sum(byte & 0xC0 != 0x80 for byte in own)


def known(token: Written) -> Any:
    if token.likelihood is None:
        raise ValueError("the backend gave no log probabilities though they were asked for")
    return token.likelihood
