"""What the engines do with the models now: asked over HTTP, and told to load or let go."""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings

from llmkit.client import EngineClient
from llmkit.types import EngineError
from training.models import ModelVersion
from training.services.errors import ModelsError

ANSWER_SECONDS = 3.0
SERVING = "serving.json"


@dataclass(frozen=True)
class Served:
    """What an engine says about one model. Whatever it does not say is None or empty."""

    state: str = ""
    progress: float | None = None
    error: str = ""
    running: int = 0
    waiting: int = 0
    memory_bytes: int | None = None
    precision: str = ""
    dtype: str = ""
    device: str = ""
    backend: str = ""
    window: int | None = None

    @property
    def busy(self) -> int:
        return self.running + self.waiting

    @property
    def percent(self) -> int | None:
        return None if self.progress is None else round(100 * self.progress)


@dataclass(frozen=True)
class Serving:
    """All engines by setting together. `reachable`: at least one of ours answered."""

    reachable: bool = False
    models: dict[str, Served] = field(default_factory=dict)
    memory_used: int | None = None
    memory_budget: int | None = None

    def of(self, name: str) -> Served:
        """An adapter has its base's state where the engine does not tell its own."""
        return self.models.get(name) or self.models.get(name.partition(":")[0]) or Served()


def serving() -> Serving:
    """What the engines report now; one that does not answer counts as not there."""
    return async_to_sync(_serving)()


async def _serving() -> Serving:
    reports = await asyncio.gather(*(_asked(url) for url in settings.ENGINE_URLS))
    ours = [report for report in reports if isinstance(report.get("models"), dict)]
    models: dict[str, Served] = {}
    for report in reversed(ours):
        for name, facts in report["models"].items():
            models |= _described(name, facts)
    first = ours[0] if ours else {}
    return Serving(
        bool(ours), models, _whole(first, "memory_used_bytes"), _whole(first, "memory_budget_bytes")
    )


async def _asked(url: str) -> dict[str, Any]:
    client = EngineClient(url, api_key=settings.ENGINE_API_KEY or None)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await client.health()
    except (EngineError, TimeoutError):
        return {}
    finally:
        await client.aclose()


def _described(name: str, facts: dict[str, Any]) -> dict[str, Served]:
    """The model and its adapters by their public ids."""
    progress = facts.get("progress")
    served = Served(
        state=str(facts.get("state", "")),
        progress=float(progress) if isinstance(progress, int | float) else None,
        error=str(facts.get("error") or ""),
        running=_whole(facts, "running") or 0,
        waiting=_whole(facts, "waiting") or 0,
        memory_bytes=_whole(facts, "memory_bytes"),
        window=_whole(facts, "max_model_len"),
        **{key: str(facts.get(key) or "") for key in ("precision", "dtype", "device", "backend")},
    )
    found = {name: served}
    for adapter in facts.get("adapters") or []:
        if isinstance(adapter, dict) and "name" in adapter:
            state, error = str(adapter.get("state", "")), str(adapter.get("error") or "")
            found[f"{name}:{adapter['name']}"] = Served(state=state, error=error)
    return found


def _whole(facts: dict[str, Any], name: str) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) else None


def load(*, version: ModelVersion) -> None:
    """Have the engine begin to load it; the page then shows how far it is."""
    if version.state != ModelVersion.State.READY:
        raise ModelsError(f"{version.name} is not ready, so it can't be loaded.")
    async_to_sync(_told)(lambda client: client.load(version.name))


def unload(*, version: ModelVersion) -> None:
    """Free its memory. ModelsError while answers are being written with it."""
    async_to_sync(_told)(lambda client: client.unload(version.name))


async def _told(act: Callable[[EngineClient], Awaitable[None]]) -> None:
    """Tell each of our engines; a refusal of one counts, silence only where all are silent."""
    heard = False
    silence: EngineError | None = None
    for url in settings.ENGINE_URLS:
        client = EngineClient(url, api_key=settings.ENGINE_API_KEY or None)
        try:
            await act(client)
            heard = True
        except EngineError as error:
            if error.code not in {"unreachable", "model_not_found"}:
                raise ModelsError(str(error)) from error
            silence = error
        finally:
            await client.aclose()
    if not heard and silence is not None:
        raise ModelsError(str(silence)) from silence


def set_precision(*, version: ModelVersion, precision: str) -> None:
    """What the engine serves it in from its next load on; it notices the changed folder."""
    if precision not in ModelVersion.Precision.values:
        known = ", ".join(ModelVersion.Precision.values)
        raise ModelsError(f"There is no such precision. There are {known}.")
    if version.is_adapter or version.state != ModelVersion.State.READY:
        raise ModelsError(f"The precision of {version.name} can't be set.")
    _write(version.folder / SERVING, {"precision": precision})
    ModelVersion.objects.filter(pk=version.pk).update(precision=precision)


def _write(path: Path, content: dict[str, str]) -> None:
    """The whole file or none of it."""
    partial = path.with_name(f".{path.name}")
    try:
        with partial.open("w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise ModelsError(f"The model's folder can't be written ({error.strerror}).") from error
