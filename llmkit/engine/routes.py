"""The HTTP endpoints: parse, look the model up, queue, answer."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from llmkit.engine.active import ActiveRequests
from llmkit.engine.answer import (
    AttentiveResponse,
    HoldingResponse,
    Job,
    Shape,
    complete,
    error_response,
    send_lines,
    sse,
)
from llmkit.engine.body import (
    Body,
    parse_cancel,
    parse_chat,
    parse_completion,
    parse_detokenize,
    parse_distribution,
    parse_model,
    parse_tokenize,
)
from llmkit.engine.channel import EventChannel
from llmkit.engine.counting import Counters
from llmkit.engine.distribution_route import check_beginning, check_tokens, distribution
from llmkit.engine.entries import Lease
from llmkit.engine.fields import invalid
from llmkit.engine.hub import ModelHub, Served
from llmkit.engine.metrics import Metrics
from llmkit.engine.prompt import Prompt
from llmkit.engine.requests import GenerationRequest
from llmkit.engine.token_report import TokenReporter
from llmkit.types import EngineError

MAX_BODY_BYTES = 32 * 1024 * 1024
PATIENCE_SECONDS = 0.5


class Api:
    """The engine's endpoints over one hub of models."""

    def __init__(self, hub: ModelHub, default_model: str | None) -> None:
        self.hub = hub
        self.default_model = default_model
        self.active = ActiveRequests()
        self.counters = Counters()
        self.metrics = Metrics(hub.health)

    def routes(self) -> list[Route]:
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
            Route("/v1/completions", self.completions, methods=["POST"]),
            Route("/v1/cancel", self.cancel, methods=["POST"]),
            Route("/v1/load", self.load, methods=["POST"]),
            Route("/v1/unload", self.unload, methods=["POST"]),
            Route("/tokenize", self.tokenize, methods=["POST"]),
            Route("/detokenize", self.detokenize, methods=["POST"]),
            Route("/v1/distribution", self.distribution, methods=["POST"]),
            self.metrics.route(),
        ]

    async def health(self, request: Request) -> Response:
        status = "loading" if self.hub.loading else "ok"
        return JSONResponse(
            {
                "status": status,
                "default_model": self.default_model,
                "threads": self.hub.options.threads,
                **self.hub.memory(),
                "models": self.hub.health(),
            }
        )

    async def models(self, request: Request) -> Response:
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "local"}
            for name in self.hub.ids()
        ]
        return JSONResponse({"object": "list", "data": data})

    async def chat(self, request: Request) -> Response:
        return await self._generate(parse_chat(await read_body(request)), "chat")

    async def completions(self, request: Request) -> Response:
        return await self._generate(parse_completion(await read_body(request)), "text")

    async def cancel(self, request: Request) -> Response:
        state = self.active.cancel(parse_cancel(await read_body(request)))
        return JSONResponse({"cancelled": True, "state": state})

    async def load(self, request: Request) -> Response:
        name = parse_model(await read_body(request))
        self.hub.load(name)
        return JSONResponse({"model": name, "state": self.hub.state(name)}, 202)

    async def unload(self, request: Request) -> Response:
        name = parse_model(await read_body(request))
        await asyncio.to_thread(self.hub.unload, name)
        return JSONResponse({"model": name, "state": self.hub.state(name)})

    async def tokenize(self, request: Request) -> Response:
        body = parse_tokenize(await read_body(request))
        name = self._name(body.model)
        folder = self.hub.folder(name)
        counter = await asyncio.to_thread(self.counters.of, folder)
        texts = [message.content for message in body.messages] or [body.prompt]
        most = await asyncio.to_thread(counter.prompts.exceeding, texts, counter.window)
        if most is not None:
            return JSONResponse(
                {"count": most, "exact": False, "max_model_len": counter.window, "prompt": None}
            )
        prompt = await asyncio.to_thread(
            counter.prompt, body.messages, body.prompt, continue_final=body.continue_final
        )
        report: dict[str, Any] = {
            "count": len(prompt.tokens) + len(body.tokens),
            "max_model_len": counter.window,
            "prompt": prompt.text,
        }
        tokens = {"tokens": [*prompt.tokens, *body.tokens]} if body.return_tokens else {}
        return JSONResponse(report | tokens)

    async def detokenize(self, request: Request) -> Response:
        """The text of an answer that has these tokens so far: its whole characters."""
        body = parse_detokenize(await read_body(request))
        async with self.hub.use(self._name(body.model)) as served:
            check_tokens(served.loaded, body.tokens)
            detokeniser = served.loaded.detokeniser()
        return JSONResponse({"prompt": "".join(map(detokeniser.push, body.tokens))})

    async def distribution(self, request: Request) -> Response:
        body = parse_distribution(await read_body(request))
        lease = self.hub.acquire(self._name(body.model))
        try:
            response = await distribution(await asyncio.wrap_future(lease.future), body)
        except BaseException:
            lease.release()
            raise
        return HoldingResponse(response, lease.release)

    def _name(self, model: str | None) -> str:
        name = model or self.default_model
        if name is None:
            raise invalid("Name a model: this engine has no default model.")
        return name

    async def _generate(self, body: Body, kind: Any) -> Response:
        """Errors get a status of their own, unless the model is still being loaded.

        Then the stream begins, so that pings can keep it open, and errors come inside it.
        """
        name = self._name(body.model)
        shape = Shape(kind, name, body.include_usage)
        lease = self.hub.acquire(name)
        loading = asyncio.wrap_future(lease.future)
        loading.add_done_callback(lambda future: future.cancelled() or future.exception())
        opening = asyncio.ensure_future(self._open(body, loading, kind))
        try:
            if (await asyncio.wait({loading}, timeout=PATIENCE_SECONDS))[0]:
                await opening
        except BaseException:
            self._leave(opening, lease)
            raise

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if body.stream:
                await send_lines(sse(opening, shape, lambda: lease.progress), send)
            else:
                await (await whole_answer(opening, shape))(scope, receive, send)

        return AttentiveResponse(answer, lambda: self._leave(opening, lease))

    async def _open(self, body: Body, loading: "asyncio.Future[Served]", kind: str) -> Job:
        """Queue the request. EngineError: invalid, too_long, busy, model_failed."""
        served = await loading
        prompts = await asyncio.to_thread(build_prompts, served, body)
        if body.request_id in self.active:
            raise invalid(f"A request with the id {body.request_id} is already being answered.")
        request, channel = new_request(body, prompts, served)
        self.active.add(request, served.backend)
        try:
            served.backend.submit(request)
        except EngineError:
            self.active.remove(request.id)
            raise
        return Job(request, channel, reporter(body, kind, served))

    def _leave(self, opening: "asyncio.Task[Job]", lease: Lease) -> None:
        """The connection is over: give back whatever the request still holds."""
        lease.release()
        opening.cancel()
        if opening.done() and not opening.cancelled() and opening.exception() is None:
            request = opening.result().request
            self.metrics.count(request)
            if not request.over:
                self.active.cancel(request.id)
            self.active.remove(request.id)


async def whole_answer(opening: "asyncio.Task[Job]", shape: Shape) -> Response:
    try:
        return await complete(opening, shape)
    except EngineError as error:
        return error_response(error)


def new_request(
    body: Body, prompts: list[Prompt], served: Served
) -> tuple[GenerationRequest, EventChannel]:
    def overflow() -> None:
        request.cancel()

    channel = EventChannel(overflow)
    request = GenerationRequest(
        body.request_id,
        [prompt.tokens for prompt in prompts],
        body.settings,
        channel.put,
        loaded=served.loaded,
        n=body.n,
        beginning=body.tokens,
        logprobs=body.logprobs,
    )
    return request, channel


def reporter(body: Body, kind: str, served: Served) -> TokenReporter:
    names = served.loaded.names
    return TokenReporter(names, kind, body.logprobs is not None, body.token_ids)


def build_prompts(served: Served, body: Body) -> list[Prompt]:
    """The prompts of a request, each short enough to leave room for at least one token."""
    texts = body.prompts or ("",)
    said = (
        [[message.content for message in body.messages]] if body.messages else [[t] for t in texts]
    )
    for parts in said:
        refuse_far_too_long(served, parts)
    prompts = [
        served.prompt(body.messages, text, continue_final=body.continue_final) for text in texts
    ]
    check_beginning(served.loaded, body.tokens)
    return [served.check_length(prompt, len(body.tokens)) for prompt in prompts]


def refuse_far_too_long(served: Served, texts: list[str]) -> None:
    """Before the whole of it is turned into tokens. EngineError: too_long."""
    count = served.prompts.exceeding(texts, served.window)
    if count is not None:
        raise EngineError(
            f"The prompt has more than {count:,} tokens, but {served.loaded.name} holds "
            f"{served.window:,} with the answer. Shorten it.",
            code="too_long",
        )


async def read_body(request: Request) -> bytes:
    """The body, or EngineError(too_long) when it is larger than any prompt can be."""
    parts: list[bytes] = []
    async for part in request.stream():
        parts.append(part)
        if sum(map(len, parts)) > MAX_BODY_BYTES:
            raise EngineError("The request is larger than 32 MB. Shorten it.", code="too_long")
    return b"".join(parts)
