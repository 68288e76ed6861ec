"""`GET /metrics`: the engine for Prometheus."""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from llmkit.engine.requests import GenerationRequest

KIND = "text/plain; version=0.0.4; charset=utf-8"
OF_A_MODEL = {
    "running": "Answers being written.",
    "waiting": "Requests that wait.",
    "memory_bytes": "Memory of the model with its adapters.",
}


class Metrics:
    """Counts of requests that ended, and what /health says at the moment of asking."""

    def __init__(self, models: Callable[[], dict[str, dict[str, Any]]]) -> None:
        self._models = models
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests = self._counter("requests", "Requests that ended.")
        self._read = self._counter("prompt_tokens", "Tokens read.")
        self._written = self._counter("completion_tokens", "Tokens written.")

    def count(self, request: GenerationRequest) -> None:
        model = request.loaded.name
        self._requests.labels(model).inc()
        self._read.labels(model).inc(request.prompt_tokens)
        self._written.labels(model).inc(request.completion_tokens)

    def collect(self) -> Iterable[Any]:
        report = self._models()
        for name, about in OF_A_MODEL.items():
            family = GaugeMetricFamily(f"llmkit_{name}", about, labels=["model"])
            for model, told in report.items():
                family.add_metric([model], float(told.get(name) or 0))
            yield family

    def route(self) -> Route:
        return Route("/metrics", self._answer, methods=["GET"])

    def _counter(self, name: str, about: str) -> Counter:
        return Counter(f"llmkit_{name}", about, ["model"], registry=self._registry)

    async def _answer(self, request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=KIND)
