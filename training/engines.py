"""The model servers this site talks to: engines by setting, and endpoints from the database.

Engines are asked which models they have; an endpoint's models are those of its last check, so a
slow server elsewhere never holds a page up. A model's name here is its own name, or
`endpoint/name` where that name is taken.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import DatabaseSyncToAsync
from django.conf import settings
from django.db import Error, connection

from llmkit.client import EngineClient
from llmkit.remote import RemoteClient
from llmkit.types import EngineError
from training.models import Endpoint, FormerName, ModelVersion
from training.services import endpoints, promoting

MODELS_FRESH_SECONDS = 5.0
SERVES_SECONDS = 60.0
LONGEST_NAME = 200
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """One model to pick; `label` is shown, `name` is what requests carry."""

    name: str
    label: str


@dataclass(frozen=True)
class Group:
    """Models of one server; the first group, without a label, is this site's own engines."""

    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Picker:
    """Every model that can be picked now, grouped by where it runs."""

    groups: tuple[Group, ...]

    @property
    def names(self) -> list[str]:
        return [choice.name for group in self.groups for choice in group.choices]


@dataclass(frozen=True)
class Known:
    """What the database says: endpoints that are on, and names that belong to this machine.

    `archived` ones are not offered; `renamed` maps former names to those of now; `promoted` is
    what new conversations begin with; the servers of `plain` ones have no more than OpenAI's
    protocol.
    """

    endpoints: tuple[Endpoint, ...] = ()
    own_names: frozenset[str] = frozenset()
    archived: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    promoted: str = ""
    plain: frozenset[str] = frozenset()


@dataclass
class _Loop:
    """What one event loop keeps: connections may not be shared between loops."""

    clients: list[EngineClient]
    models: dict[str, EngineClient] = field(default_factory=dict)
    picker: Picker = Picker(())
    known: Known = Known()
    remotes: dict[tuple[Any, ...], RemoteClient] = field(default_factory=dict)
    by_own_name: dict[str, RemoteClient] = field(default_factory=dict)
    asked_at: float = float("-inf")
    changes: int = 0
    look: "asyncio.Task[None] | None" = None


_loops: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop]" = WeakKeyDictionary()
_changes = 0
_told = Known()


def forget(**_: Any) -> None:
    """Endpoints or models were changed: every loop reads them anew."""
    global _changes
    _changes += 1


def _here() -> _Loop:
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        key = settings.ENGINE_API_KEY or None
        _loops[loop] = _Loop([EngineClient(url, api_key=key) for url in settings.ENGINE_URLS])
    return _loops[loop]


async def _listed(client: EngineClient) -> list[str]:
    try:
        return await client.models()
    except EngineError:
        return []


def _read() -> Known:
    """From the database, by a thread that keeps no connection; and checks what is due."""
    try:
        endpoints.check_due()
        return read_known()
    finally:
        connection.close()


def read_known() -> Known:
    names = dict(ModelVersion.objects.known().values_list("name", "archived_at"))
    former = FormerName.objects.exclude(version__state=ModelVersion.State.DELETED)
    renamed = dict(former.values_list("name", "version__name"))
    return Known(
        endpoints=tuple(Endpoint.objects.enabled()),
        own_names=frozenset({*names, *renamed}),
        archived=frozenset(name for name, since in names.items() if since is not None),
        renamed=renamed,
        promoted=promoting.preselected(),
    )


async def _known(before: Known) -> Known:
    try:
        return await DatabaseSyncToAsync(_read, thread_sensitive=False)()
    except Error as error:
        log.debug("Endpoints can't be read now: %s", error)
        return before


def _age(here: _Loop) -> float:
    return monotonic() - here.asked_at


async def _refreshed() -> _Loop:
    """What is known now. Callers who come together wait for one and the same look."""
    here = _here()
    if _is_stale(here) or not here.models:
        await _looked(here)
        if here.changes != _changes:
            await _looked(here)
    return here


def _is_stale(here: _Loop) -> bool:
    return _age(here) > MODELS_FRESH_SECONDS or here.changes != _changes


async def _looked(here: _Loop) -> None:
    await asyncio.shield(_looking(here))


def _looking(here: _Loop) -> "asyncio.Task[None]":
    if here.look is None or here.look.done():
        here.look = asyncio.create_task(_look(here))
    return here.look


async def _look(here: _Loop) -> None:
    changes = _changes
    asking = asyncio.gather(*(_listed(client) for client in here.clients))
    known, lists = await asyncio.gather(_known(here.known), asking)
    _arrange(here, known, lists)
    here.asked_at, here.changes = monotonic(), changes


def _arrange(here: _Loop, known: Known, lists: list[list[str]]) -> None:
    global _told
    own: dict[str, EngineClient] = {}
    for client, names in zip(here.clients, lists, strict=True):
        for name in names:
            own.setdefault(name, client)
    taken = known.own_names | set(own)
    public = public_names(known.endpoints, taken)
    _told = here.known = replace(known, plain=plain_names(known.endpoints, public))
    here.remotes = {_identity(e, public): _remote(here, e, public) for e in known.endpoints}
    clients = {key[0]: client for key, client in here.remotes.items()}
    offered_here = [name for name in in_order(own) if name not in known.archived]
    groups = [Group("", tuple(Choice(name, label_of(name, own)) for name in offered_here))]
    here.models, here.by_own_name = dict(own), {}
    for endpoint in known.endpoints:
        offered = public[endpoint.name]
        here.models |= dict.fromkeys(offered, clients[endpoint.name])
        for theirs in offered.values():
            here.by_own_name.setdefault(theirs, clients[endpoint.name])
            here.by_own_name.setdefault(f"{endpoint.name}/{theirs}", clients[endpoint.name])
        groups.append(_group(endpoint, offered))
    here.picker = Picker(tuple(group for group in groups if group.choices or group.label))


def in_order(own: Mapping[str, EngineClient]) -> list[str]:
    """As the engines list them, each adapter below its base."""
    bases = [name for name in own if name.partition(":")[0] not in own or ":" not in name]
    below = {base: [name for name in own if name.startswith(f"{base}:")] for base in bases}
    return [name for base in bases for name in (base, *below[base])]


def label_of(name: str, own: Mapping[str, EngineClient]) -> str:
    """An adapter is set in below its base. Other servers have names with colons, too."""
    base, colon, _ = name.partition(":")
    return f"\u2003{name}" if colon and base in own else name


def _group(endpoint: Endpoint, names: Mapping[str, str]) -> Group:
    state = " (not answering)" if endpoint.state == "failing" else ""
    choices = (Choice(ours, theirs) for ours, theirs in names.items())
    return Group(f"{endpoint.name}{state}", tuple(choices))


def public_names(
    found: tuple[Endpoint, ...], taken: frozenset[str] | set[str]
) -> dict[str, dict[str, str]]:
    """By endpoint: our name of each of its models → its own. A shared name gets a prefix."""
    times: dict[str, int] = {}
    for endpoint in found:
        for name in endpoint.models:
            times[name] = times.get(name, 0) + 1
    named: dict[str, dict[str, str]] = {}
    for endpoint in found:
        alone = [n for n in endpoint.models if times[n] == 1 and n not in taken]
        pairs = {n if n in alone else f"{endpoint.name}/{n}": n for n in endpoint.models}
        named[endpoint.name] = {ours: n for ours, n in pairs.items() if len(ours) <= LONGEST_NAME}
    return named


def plain_names(
    found: tuple[Endpoint, ...], public: Mapping[str, Mapping[str, str]]
) -> frozenset[str]:
    """Our names of the models whose servers are no engines of this project."""
    return frozenset(name for e in found if not e.extensions for name in public[e.name])


def _identity(endpoint: Endpoint, public: dict[str, dict[str, str]]) -> tuple[Any, ...]:
    """What a client is made of; while it stays the same, so does the client."""
    aliases = tuple(public[endpoint.name].items())
    return (endpoint.name, endpoint.url, endpoint.api_key, endpoint.extensions, aliases)


def _remote(here: _Loop, endpoint: Endpoint, public: dict[str, dict[str, str]]) -> RemoteClient:
    known = here.remotes.get(_identity(endpoint, public))
    prefixed = {f"{endpoint.name}/{name}": name for name in endpoint.models}
    return known or RemoteClient(
        endpoint.url,
        name=endpoint.name,
        api_key=endpoint.api_key or None,
        extensions=endpoint.extensions,
        aliases=prefixed | public[endpoint.name],
    )


async def picker() -> Picker:
    """The models to choose from, grouped; empty where no server is known or reachable."""
    return (await _refreshed()).picker


async def models() -> list[str]:
    """Names of the models that can be asked now; empty where no server is reachable."""
    return (await picker()).names


def preferred(names: list[str], wanted: str = "") -> str:
    """The wanted model by its name of now, else the promoted one where it is served, else the
    default one, else the first."""
    if wanted:
        return wanted if wanted in names else _told.renamed.get(wanted, wanted)
    if _told.promoted in names:
        return _told.promoted
    default = _told.renamed.get(settings.DEFAULT_MODEL, settings.DEFAULT_MODEL)
    return default if default in names or not names else names[0]


def is_own(name: str) -> bool:
    """Whether the name belongs to this machine, served just now or not."""
    return name in _told.own_names


def is_plain(name: str) -> bool:
    """Whether the model's server has no more than OpenAI's protocol: no lens, no continuing."""
    return name in _told.plain


def is_archived(name: str) -> bool:
    return name in _told.archived


async def client_for(model: str) -> EngineClient:
    """The server that has `model`; the first engine where none says so, for its error message.

    A name that belongs to this machine never leads elsewhere, even while its engine is away. A
    list that has the model serves while a newer one is fetched: an answer does not wait for it.
    """
    here = _here()
    if model in here.models and here.changes == _changes and _age(here) < SERVES_SECONDS:
        if _is_stale(here):
            _looking(here)
        return here.models[model]
    here = await _refreshed()
    if model in here.models:
        return here.models[model]
    if model not in here.known.own_names and model in here.by_own_name:
        return here.by_own_name[model]
    if not here.clients:
        raise EngineError(
            f"No server has the model {model}: ENGINE_URLS is empty, and no endpoint offers it.",
            code="model_not_found",
        )
    return here.clients[0]


async def every_client() -> list[EngineClient]:
    """The engines by setting, then the endpoints."""
    here = await _refreshed()
    return [*here.clients, *here.remotes.values()]


async def own_clients() -> list[EngineClient]:
    """The engines by setting: what is not meant for servers elsewhere may be sent to these."""
    return _here().clients


async def close() -> None:
    """Close this loop's connections."""
    here = _loops.pop(asyncio.get_running_loop(), None)
    if here and here.look:
        here.look.cancel()
    for client in [*here.clients, *here.remotes.values()] if here else []:
        await client.aclose()
