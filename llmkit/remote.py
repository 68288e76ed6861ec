"""A named model server elsewhere: its models under our names, its failures in sentences.

Whatever such a server does wrong ends as an EngineError that names it and says what to do; its
key is in none of them.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from llmkit.client import CONNECT_SECONDS, EngineClient
from llmkit.types import EngineError

REMOTE_SILENCE_SECONDS = 120.0
LONGEST_SAID = 200
MOST_MODELS = 1000
LONGEST_NAME = 200


@dataclass(frozen=True)
class Probe:
    """What a server says about itself. `extensions`: it is an engine like ours."""

    models: list[str]
    extensions: bool


class RemoteClient(EngineClient):
    """`aliases` maps our names of its models to its own, where they differ.

    `silence`: after this many seconds without a byte it is given up.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        api_key: str | None = None,
        extensions: bool | None = False,
        aliases: Mapping[str, str] | None = None,
        silence: float = REMOTE_SILENCE_SECONDS,
    ) -> None:
        super().__init__(base_url, api_key, extensions=extensions)
        self.name = name
        self.aliases = dict(aliases or {})
        self._key = api_key or ""
        self._silence = silence
        self._http.timeout = httpx.Timeout(silence, connect=CONNECT_SECONDS, pool=None)

    async def probe(self) -> Probe:
        """Its models and whether it is an engine like ours; EngineError where it fails."""
        names = await self.models()
        health: dict[str, Any] = {}
        with contextlib.suppress(EngineError):
            health = await self._get("/health")
        return Probe(names, isinstance(health.get("models"), dict))

    async def models(self) -> list[str]:
        listed = (await self._get("/v1/models")).get("data")
        if not isinstance(listed, list):
            raise EngineError(
                f"{self.name} answered, but not with a list of models. Check its address; "
                "it is the part before /v1/models."
            )
        names = [str(entry["id"]) for entry in listed if isinstance(entry, dict) and "id" in entry]
        return [name for name in names if is_usable(name)][:MOST_MODELS]

    @contextlib.asynccontextmanager
    async def _stream(
        self, path: str, body: Mapping[str, Any], **options: Any
    ) -> AsyncIterator[httpx.Response]:
        try:
            async with super()._stream(path, self._translated(body), **options) as response:
                self._refuse_page(response)
                yield CheckedStream(response, self.name)  # type: ignore[misc]
        except (EngineError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._named(error) from error

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, timeout: float
    ) -> dict[str, Any]:
        try:
            sent = None if body is None else self._translated(body)
            return await super()._request(method, path, sent, min(timeout, self._silence))
        except (EngineError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._named(error) from error

    def _translated(self, body: Mapping[str, Any]) -> dict[str, Any]:
        model = body.get("model")
        return dict(body) if model is None else {**body, "model": self.aliases.get(model, model)}

    def _refuse_page(self, response: httpx.Response) -> None:
        if response.is_redirect or "html" in response.headers.get("content-type", ""):
            raise EngineError(
                f"{self.name} answered with a web page instead of an answer. "
                "An admin can check its address on the Models page."
            )

    def _named(self, error: Exception) -> EngineError:
        """The same failure in words that name this server. Never `unreachable`, which would be
        waited for as our own engine's start is."""
        if not isinstance(error, EngineError):
            return EngineError(f"{self.name} sent something that can't be read. Try again.")
        if self.name in str(error):
            return error
        sentences = {
            "unreachable": self._silent(error),
            "refused": f"{self.name} did not accept its key. "
            "An admin can enter a new one on the Models page.",
            "model_not_found": f"{self.name} no longer has this model. Choose another one.",
            "busy": f"{self.name} is busy, or its limit is used up. Wait a little, then try again.",
            "interrupted": f"The answer from {self.name} broke off. Write it again.",
        }
        code = "engine_error" if error.code in {"unreachable", "refused"} else error.code
        said = sentences.get(error.code) or f"{self.name} could not answer: {self._said(error)}"
        return EngineError(said, code=code)

    def _silent(self, error: EngineError) -> str:
        slow = isinstance(error.__cause__, httpx.TimeoutException)
        problem = "took too long to answer" if slow else "does not answer"
        return f"{self.name} {problem}. Check that it runs and can be reached, then try again."

    def _said(self, error: EngineError) -> str:
        """The server's own words, shortened, and without the key it was sent."""
        words = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
        words = words.replace(self._key, "…") if self._key else words
        return words if len(words) <= LONGEST_SAID else words[:LONGEST_SAID] + "…"


class CheckedStream:
    """The lines of a server-sent stream; data that is not a JSON object ends it."""

    def __init__(self, response: httpx.Response, name: str) -> None:
        self._response = response
        self._name = name

    async def aiter_lines(self) -> AsyncIterator[str]:
        async for line in self._response.aiter_lines():
            data = line[5:].strip() if line.startswith("data:") else ""
            if data and data != "[DONE]" and not is_object(data):
                raise EngineError(
                    f"{self._name} sent something that is not part of an answer. "
                    "Write it again, or choose another model.",
                    code="interrupted",
                )
            yield line


def is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def is_usable(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()
