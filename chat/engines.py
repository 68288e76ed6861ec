"""The engines this site talks to, by setting; all are OpenAI-compatible addresses."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from weakref import WeakKeyDictionary

from django.conf import settings

from llmkit.client import EngineClient
from llmkit.types import EngineError

MODELS_FRESH_SECONDS = 5.0


@dataclass
class _Loop:
    """What one event loop keeps: connections may not be shared between loops."""

    clients: list[EngineClient]
    models: dict[str, EngineClient]
    asked_at: float = float("-inf")


_loops: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop]" = WeakKeyDictionary()


def _here() -> _Loop:
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        key = settings.ENGINE_API_KEY or None
        clients = [EngineClient(url, api_key=key) for url in settings.ENGINE_URLS]
        _loops[loop] = _Loop(clients, {})
    return _loops[loop]


async def _listed(client: EngineClient) -> list[str]:
    try:
        return await client.models()
    except EngineError:
        return []


async def models() -> list[str]:
    """Names of the models that can answer now; empty where no engine is reachable."""
    here = _here()
    if monotonic() - here.asked_at > MODELS_FRESH_SECONDS or not here.models:
        lists = await asyncio.gather(*(_listed(client) for client in here.clients))
        here.models = {}
        for client, names in zip(here.clients, lists, strict=True):
            for name in names:
                here.models.setdefault(name, client)
        here.asked_at = monotonic()
    return list(here.models)


def preferred(names: list[str], wanted: str = "") -> str:
    """The wanted model, else the default one where it is served, else the first."""
    if wanted:
        return wanted
    if settings.DEFAULT_MODEL in names or not names:
        return settings.DEFAULT_MODEL
    return names[0]


async def client_for(model: str) -> EngineClient:
    """The engine that serves `model`; the first one where none says so, for its error message."""
    await models()
    here = _here()
    return here.models.get(model, here.clients[0])


async def every_client() -> list[EngineClient]:
    return _here().clients


async def close() -> None:
    """Close this loop's connections."""
    here = _loops.pop(asyncio.get_running_loop(), None)
    for client in here.clients if here else []:
        await client.aclose()
