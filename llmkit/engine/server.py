"""The engine's process: an OpenAI-compatible HTTP server over the local models.

The server answers at once; torch and the default model are loaded behind it.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from llmkit.engine.answer import error_response
from llmkit.engine.embeddings_route import embeddings_folder, embeddings_route
from llmkit.engine.hub import EngineOptions, ModelHub
from llmkit.engine.routes import Api
from llmkit.engine.scoring_route import score_route
from llmkit.types import EngineError

logger = logging.getLogger(__name__)

GRACE_SECONDS = 1
CLIENT_GONE = 499


def create_app(
    models_dir: Path,
    *,
    default_model: str | None = None,
    threads: int = 1,
    max_running: int = 8,
    max_waiting: int = 64,
    dtype: str | None = None,
    backend: str = "auto",
    memory: int | None = None,
) -> Starlette:
    """The application; `app.state.hub` holds the models.

    `dtype` is the precision of models that ask for none, None what the device likes; `memory` the
    budget for models in bytes, None a share of the device's.
    """
    options = EngineOptions(threads, max_running, max_waiting, dtype, backend, memory)
    hub = ModelHub(models_dir, options)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        load_default(hub, default_model)
        yield
        hub.close()

    handlers: Any = {
        EngineError: on_engine_error,
        HTTPException: on_http_error,
        ClientDisconnect: on_gone,
    }
    embeddings = embeddings_route(embeddings_folder(models_dir))
    routes = [*Api(hub, default_model).routes(), embeddings, score_route(hub)]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.hub = hub
    return app


def load_default(hub: ModelHub, name: str | None) -> None:
    if name is not None:
        try:
            hub.load(name)
        except EngineError as error:
            logger.warning("%s", error)


async def on_engine_error(request: Request, error: EngineError) -> Response:
    return error_response(error)


async def on_gone(request: Request, error: ClientDisconnect) -> Response:
    """Whoever asked left in the middle of asking: nobody is there to answer, and nothing failed."""
    return Response(status_code=CLIENT_GONE)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    response = error_response(EngineError(f"{error.detail}: {request.url.path}", code="invalid"))
    response.status_code = error.status_code
    return response


class EngineServer(uvicorn.Server):
    """Says when it listens, and ends running answers as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, hub: ModelHub) -> None:
        super().__init__(config)
        self._hub = hub

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            names = ", ".join(self._hub.ids()) or "none yet"
            sys.stdout.write(f"Engine ready on http://{host}:{port} (models: {names})\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._hub.close()
        super().handle_exit(sig, frame)


def serve(
    models_dir: Path,
    host: str = "127.0.0.1",
    port: int = 8001,
    threads: int = 1,
    default_model: str | None = None,
    max_running: int = 8,
    max_waiting: int = 64,
    dtype: str | None = None,
    backend: str = "auto",
    memory: int | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. To be called before torch is imported: it sets threads."""
    share_processor(threads)
    app = create_app(
        Path(models_dir),
        default_model=default_model,
        threads=threads,
        max_running=max_running,
        max_waiting=max_waiting,
        dtype=dtype,
        backend=backend,
        memory=memory,
    )
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    listener = bound_socket(host, port)
    leave_quietly_on_signals()
    with contextlib.suppress(SystemExit):
        EngineServer(config, app.state.hub).run(sockets=[listener])
    leave_at_once()


def share_processor(threads: int) -> None:
    """A fair share of the cores, and no spinning while waiting for them."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket; where the port is taken, the process ends with one sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SystemExit(
            f"The engine cannot listen on {host}:{port}: {error.strerror}. "
            "Stop what uses that port or choose another."
        ) from error


def leave_quietly_on_signals() -> None:
    """uvicorn raises the signal that stopped it once more; this makes it a plain exit."""

    def leave(number: int, frame: Any) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def leave_at_once() -> None:
    """A thread that is still importing torch or inside a kernel would hold the exit up."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
