"""A hub on this machine: the routes that huggingface_hub asks, over folders of model files."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.llmkit.running_engine import serving

COMMIT = "a" * 40


@dataclass
class TinyHub:
    """`models` and `datasets` map ids to folders. `stalls`: weights stop after a few bytes."""

    url: str = ""
    models: dict[str, Path] = field(default_factory=dict)
    datasets: dict[str, Path] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    stalls: bool = False
    asked: list[str] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/api/models/{owner}/{name}", self.info),
            Route("/api/models/{owner}/{name}/revision/{revision}", self.info),
            Route("/api/datasets/{owner}/{name}", self.info),
            Route("/api/datasets/{owner}/{name}/revision/{revision}", self.info),
            Route(
                "/datasets/{owner}/{name}/resolve/{revision}/{file:path}",
                self.file,
                methods=["GET", "HEAD"],
            ),
            Route("/{owner}/{name}/resolve/{revision}/{file}", self.file, methods=["GET", "HEAD"]),
        ]

    def _folder(self, request: Request) -> Path | None:
        known = self.datasets if "/datasets/" in request.url.path else self.models
        return known.get("{owner}/{name}".format(**request.path_params))

    async def info(self, request: Request) -> Response:
        folder = self._folder(request)
        if folder is None:
            return JSONResponse({"error": "not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        files = [
            {"rfilename": str(path.relative_to(folder)), "size": path.stat().st_size}
            for path in folder.rglob("*")
            if path.is_file()
        ]
        files += [{"rfilename": name, "size": 1} for name in self.extra]
        name = "{owner}/{name}".format(**request.path_params)
        return JSONResponse({"id": name, "modelId": name, "sha": COMMIT, "siblings": files})

    async def file(self, request: Request) -> Response:
        folder, name = self._folder(request), request.path_params["file"]
        self.asked.append(name)
        data = (folder / name).read_bytes() if folder else b""
        headers = {
            "ETag": f'"{sha256(data).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Content-Length": str(len(data)),
            "Accept-Ranges": "bytes",
        }
        if request.method == "HEAD":
            return Response(headers=headers)
        return StreamingResponse(self._bytes(name, data), headers=headers)

    async def _bytes(self, name: str, data: bytes) -> AsyncIterator[bytes]:
        if self.stalls and name.endswith(".safetensors"):
            yield data[:1000]
            await asyncio.Event().wait()
        yield data


@contextmanager
def tiny_hub() -> Iterator[TinyHub]:
    hub = TinyHub()
    with serving(Starlette(routes=hub.routes())) as url:
        hub.url = url
        yield hub
