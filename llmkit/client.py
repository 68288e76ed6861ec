"""Talking to an engine over HTTP: ours, or any server that speaks OpenAI's dialect."""

import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from llmkit.client_events import as_object, error_of, interrupted, read_events
from llmkit.types import ChatMessage, EngineError, GenerationSettings, StreamEvent

CONNECT_SECONDS = 5
SILENCE_SECONDS = 60
# A connection is given up before the server's usual five seconds, so that none is used while it
# is being closed from the other side.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=3)
QUICK_SECONDS = 10
LOOK_SECONDS = 300
WHOLE_SECONDS = 1800


@functools.cache
def certificates() -> ssl.SSLContext:
    """Whom to trust, read once for all clients: that takes a tenth of a second."""
    return httpx.create_ssl_context()


@dataclass(frozen=True)
class TokenCount:
    """How long a prompt is. `max_model_len` is the window in tokens, `prompt` the exact text.

    A text far longer than the window is not counted to its end: then it has more than `count`
    tokens, `exact` is False and `prompt` None.
    """

    count: int
    max_model_len: int | None
    prompt: str | None
    exact: bool = True


class EngineClient:
    """One server. Every failure is an EngineError whose text may be shown to people.

    `extensions`: whether the server knows our additions (top-k, cancel, token counts, continuing
    an answer); None asks its /health once.
    """

    def __init__(
        self, base_url: str, api_key: str | None = None, *, extensions: bool | None = None
    ) -> None:
        self.root = base_url.rstrip("/").removesuffix("/v1")
        self._extensions = extensions
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(
            base_url=self.root,
            headers=headers,
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS, pool=None),
            limits=LIMITS,
            verify=certificates(),
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def models(self) -> list[str]:
        """The names this server answers to."""
        report = await self._get("/v1/models")
        return [str(entry["id"]) for entry in report.get("data", [])]

    async def health(self) -> dict[str, Any]:
        """Our engine's report; `{"status": "ok"}` for another server that answers."""
        with contextlib.suppress(EngineError):
            report = await self._get("/health")
            return report or {"status": "ok"}
        await self.models()
        return {"status": "ok"}

    async def has_extensions(self) -> bool:
        if self._extensions is None:
            self._extensions = isinstance((await self.health()).get("models"), dict)
        return self._extensions

    async def tokenize(
        self,
        model: str,
        messages: Sequence[ChatMessage] | None = None,
        prompt: str | None = None,
        *,
        continue_final: bool = False,
        tokens: Sequence[int] = (),
    ) -> TokenCount | None:
        """How many tokens the model would read, with the answer's first `tokens`.

        None where the server cannot tell.
        """
        if not await self.has_extensions():
            return None
        body: dict[str, Any] = {"model": model, "continue_final_message": continue_final}
        body |= {"prompt": prompt} if messages is None else {"messages": as_dicts(messages)}
        body |= {"tokens": list(tokens)} if tokens else {}
        report = await self._post("/tokenize", body, timeout=SILENCE_SECONDS)
        window, rendered = report.get("max_model_len"), report.get("prompt")
        return TokenCount(report["count"], window, rendered, report.get("exact", True))

    async def detokenize(self, model: str, tokens: Sequence[int]) -> str:
        """The whole characters of an answer that has these tokens. For our engine only."""
        body = {"model": model, "tokens": list(tokens)}
        report = await self._post("/detokenize", body, timeout=QUICK_SECONDS)
        return str(report["prompt"])

    async def distribution(
        self, model: str, messages: Sequence[ChatMessage], **wanted: Any
    ) -> dict[str, Any]:
        """How likely an answer's tokens were; see llmkit/engine/distribution_route.py.

        `wanted`: tokens or text, position, top, repetition_penalty, continue_final_message.
        EngineError(invalid) where the server is not our engine.
        """
        if not await self.has_extensions():
            raise EngineError(f"The server of {model} can't look into an answer.", code="invalid")
        body = {"model": model, "messages": as_dicts(messages), **wanted}
        return await self._post("/v1/distribution", body, timeout=LOOK_SECONDS)

    async def embeddings(self, texts: Sequence[str], *, model: str) -> list[list[float]]:
        """One sentence vector per text, in order."""
        body = {"model": model, "input": list(texts)}
        report = await self._post("/v1/embeddings", body, timeout=SILENCE_SECONDS)
        return [entry["embedding"] for entry in report.get("data", [])]

    async def score(
        self, model: str, base: str, answers: Sequence[tuple[Sequence[Mapping[str, str]], str]]
    ) -> list[float]:
        """Normalised scores by a reward model over `base`; see llmkit/engine/scoring_route.py.

        EngineError(invalid) where the server is not our engine.
        """
        if not await self.has_extensions():
            raise EngineError(f"The server of {base} can't score answers.", code="invalid")
        listed = [{"messages": list(messages), "answer": text} for messages, text in answers]
        body = {"model": model, "base": base, "answers": listed}
        report = await self._post("/v1/score", body, timeout=LOOK_SECONDS)
        return [float(score) for score in report.get("scores", [])]

    async def cancel(self, request_id: str) -> None:
        """Free what the request holds, or will hold when it arrives within a minute.

        Another server is told by closing the stream; there is nothing to send to it.
        """
        if await self.has_extensions():
            await self._post("/v1/cancel", {"request_id": request_id}, timeout=QUICK_SECONDS)

    async def load(self, model: str) -> None:
        """Begin to load a model of our engine; its health tells how far that is."""
        await self._post("/v1/load", {"model": model}, timeout=QUICK_SECONDS)

    async def unload(self, model: str) -> None:
        """Free a model's memory. EngineError(in_use) while it is needed."""
        await self._post("/v1/unload", {"model": model}, timeout=SILENCE_SECONDS)

    async def stream_chat(
        self,
        model: str,
        messages: Sequence[ChatMessage],
        settings: GenerationSettings,
        *,
        request_id: str | None = None,
        continue_final: bool = False,
        tokens: Sequence[int] = (),
    ) -> AsyncIterator[StreamEvent]:
        """The events of one answer; the last is Finished. Closing the iterator frees the engine.

        `tokens` is how the answer begins: it goes on from exactly them.
        """
        extended = await self.has_extensions()
        if (continue_final or tokens) and not extended:
            raise EngineError(
                "This server can't continue an answer. Regenerate it instead.", code="invalid"
            )
        body = chat_body(model, messages, settings)
        if extended:
            body |= extra_fields(settings, request_id, continue_final, tokens)
        async with self._stream("/v1/chat/completions", body) as response:
            async for event in read_events(response):
                yield event

    async def stream_text(
        self, model: str, prompt: str, settings: GenerationSettings
    ) -> AsyncIterator[StreamEvent]:
        """What follows a raw prompt, whose control tokens count as such; as `stream_chat`."""
        body = {**chat_body(model, (), settings), "prompt": prompt}
        del body["messages"]
        if await self.has_extensions():
            body |= {name: getattr(settings, name) for name in ("top_k", "repetition_penalty")}
        async with self._stream("/v1/completions", body) as response:
            async for event in read_events(response):
                yield event

    @contextlib.asynccontextmanager
    async def relay(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of the server's own answer to a request in OpenAI's dialect.

        An answer that does not stream is silent until it is whole, which may take long.
        """
        whole = (
            {}
            if body.get("stream")
            else {"timeout": httpx.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS, pool=None)}
        )
        async with self._stream(path, body, **whole) as response:
            yield response.aiter_lines()

    @contextlib.asynccontextmanager
    async def _stream(
        self, path: str, body: Mapping[str, Any], **options: Any
    ) -> AsyncIterator[httpx.Response]:
        started = False
        try:
            async with self._http.stream("POST", path, json=body, **options) as response:
                started = True
                if response.status_code >= 400:
                    await response.aread()
                    raise error_of(response)
                yield response
        except httpx.TransportError as error:
            raise interrupted() if started else self._unreachable() from error

    async def _get(self, path: str) -> dict[str, Any]:
        return await self._request("GET", path, None, QUICK_SECONDS)

    async def _post(self, path: str, body: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        return await self._request("POST", path, body, timeout)

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, timeout: float
    ) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, json=body, timeout=timeout)
        except httpx.TransportError as error:
            raise self._unreachable() from error
        if response.status_code >= 400:
            raise error_of(response)
        return as_object(response.text)

    def _unreachable(self) -> EngineError:
        return EngineError(
            f"The model server at {self.root} does not answer. Check that it is running.",
            code="unreachable",
        )


def as_dicts(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [asdict(message) for message in messages]


def chat_body(
    model: str, messages: Sequence[ChatMessage], settings: GenerationSettings
) -> dict[str, Any]:
    """What every OpenAI-compatible server understands."""
    body: dict[str, Any] = {
        "model": model,
        "messages": as_dicts(messages),
        "max_tokens": settings.max_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if settings.seed is not None:
        body["seed"] = settings.seed
    return body | ({"stop": list(settings.stop)} if settings.stop else {})


def extra_fields(
    settings: GenerationSettings,
    request_id: str | None,
    continue_final: bool,
    tokens: Sequence[int],
) -> dict[str, Any]:
    """What only our engine is sure to understand."""
    return {
        "return_token_ids": True,
        "tokens": list(tokens),
        "top_k": settings.top_k,
        "repetition_penalty": settings.repetition_penalty,
        "request_id": request_id,
        "continue_final_message": continue_final,
    }
