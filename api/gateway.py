"""`/v1`: what is served here, for programs that speak OpenAI's dialect and have a key.

A request is checked, its model's name is made the one of now, and it goes on to the server that
has the model, whose answer comes back line by line as it is.
"""

import json
from typing import Any

from channels.db import DatabaseSyncToAsync
from django.db import connection
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from api.models import ApiKey, Scope
from llmkit.client import EngineClient
from llmkit.engine.answer import AttentiveResponse, data_line, error_body, error_response
from llmkit.types import EngineError
from training import engines

PREFIX = "/v1/"
# Ids by which the engine knows requests are this site's own: nobody may end another's.
PRIVATE = {"request_id"}
UNKNOWN = "This key is not known here, or it is revoked or expired. Make one on your keys page."


class RefusedError(Exception):
    """Why a request is not let in, with its status, in the form OpenAI's clients expect."""

    def __init__(self, status: int, message: str, code: str, headers: dict[str, str]) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


class Gateway:
    """An ASGI application in front of another one, which gets all that is not below /v1."""

    def __init__(self, app: Any) -> None:
        self._app: ASGIApp = app
        self._v1 = Starlette(routes=ROUTES, exception_handlers=HANDLERS)

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._v1 if ours else self._app)(scope, receive, send)


def admit(token: str, scope: str | None) -> None:
    """RefusedError unless the key is good, opens that, and has requests left this minute."""
    key = ApiKey.objects.usable().with_token(token).first()
    if key is None:
        raise RefusedError(401, UNKNOWN, "invalid_api_key", {"WWW-Authenticate": "Bearer"})
    if scope and scope not in key.scopes:
        label = str(Scope(scope).label).lower()
        raise RefusedError(403, f"This key may not {label}.", "missing_scope", {})
    if not ApiKey.objects.take(key):
        wait = {"Retry-After": str(key.seconds_to_wait)}
        said = f"This key takes {key.per_minute} requests a minute. Wait for the next one."
        raise RefusedError(429, said, "rate_limit_exceeded", wait)


def admit_alone(token: str, scope: str | None) -> None:
    """In a thread that keeps no connection."""
    try:
        admit(token, scope)
    finally:
        connection.close()


async def let_in(request: Request, scope: str | None = None) -> None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    given = token.strip() if kind.lower() == "bearer" else ""
    await DatabaseSyncToAsync(admit_alone, thread_sensitive=False)(given, scope)


async def models(request: Request) -> Response:
    await let_in(request)
    return JSONResponse({"object": "list", "data": [entry(n) for n in await engines.models()]})


async def model(request: Request) -> Response:
    await let_in(request)
    return JSONResponse(entry(await name_of_now(request.path_params["name"])))


def entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "llmsite"}


async def name_of_now(wanted: object) -> str:
    """The model's name where it was renamed. EngineError where it is offered no more."""
    if not isinstance(wanted, str) or not wanted:
        raise EngineError("Name a model: GET /v1/models lists them.", code="invalid")
    names = await engines.models()
    found = engines.preferred(names, wanted)
    if found in names or (engines.is_own(found) and not engines.is_archived(found)):
        return found
    raise EngineError(f"There is no model {wanted} here.", code="model_not_found")


async def generate(request: Request) -> Response:
    await let_in(request, Scope.GENERATE)
    body = await read_object(request)
    body["model"] = await name_of_now(body.get("model"))
    return passed_on(await engines.client_for(body["model"]), request.url.path, body)


async def embeddings(request: Request) -> Response:
    await let_in(request, Scope.EMBED)
    body = await read_object(request)
    return passed_on(await engines.client_for(str(body.get("model"))), request.url.path, body)


async def read_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise EngineError("The body of the request must be a JSON object.", code="invalid")
    return {name: value for name, value in body.items() if name not in PRIVATE}


def passed_on(client: EngineClient, path: str, body: dict[str, Any]) -> Response:
    """The server's answer. Whoever leaves ends it: the engine frees what it holds."""

    async def answer(scope: Connection, receive: Receive, send: Send) -> None:
        lines = Lines(send, streamed=bool(body.get("stream")))
        try:
            async with client.relay(path, body) as answered:
                async for line in answered:
                    await lines.put(f"{line}\n")
            await lines.end()
        except EngineError as error:
            if lines.begun:
                await lines.end(data_line(error_body(error)))
            else:
                await error_response(error)(scope, receive, send)

    return AttentiveResponse(answer, lambda: None)


class Lines:
    """A response whose status is settled when its first line is there."""

    def __init__(self, send: Send, *, streamed: bool) -> None:
        self._send = send
        self._kind = b"text/event-stream; charset=utf-8" if streamed else b"application/json"
        self.begun = False

    async def put(self, line: str, *, more: bool = True) -> None:
        if not self.begun:
            self.begun = True
            headers = [
                (b"content-type", self._kind),
                (b"cache-control", b"no-cache"),
                (b"x-accel-buffering", b"no"),
            ]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        body = line.encode()
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def end(self, line: str = "") -> None:
        await self.put(line, more=False)


async def refused(request: Request, error: RefusedError) -> Response:
    told = {"message": str(error), "type": "invalid_request_error", "code": error.code}
    return JSONResponse({"error": told}, error.status, error.headers)


async def failed(request: Request, error: EngineError) -> Response:
    return error_response(error)


async def unknown(request: Request, error: HTTPException) -> Response:
    said = f"{request.method} {request.url.path} is not offered here."
    told = {"message": said, "type": "invalid_request_error", "code": "not_offered"}
    return JSONResponse({"error": told}, error.status_code)


ROUTES = [
    Route("/v1/models", models, methods=["GET"]),
    Route("/v1/models/{name:path}", model, methods=["GET"]),
    Route("/v1/chat/completions", generate, methods=["POST"]),
    Route("/v1/completions", generate, methods=["POST"]),
    Route("/v1/embeddings", embeddings, methods=["POST"]),
]
HANDLERS: dict[Any, Any] = {
    RefusedError: refused,
    EngineError: failed,
    HTTPException: unknown,
}
