"""The memory budget: who is put away for whom, and that nobody in need of a model loses it."""

import shutil
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from llmkit.engine.hub import EngineOptions, ModelHub, Served
from llmkit.engine.memory import need_of
from llmkit.engine.requests import Done, Failed, GenerationRequest, RequestEvent
from llmkit.sizes import in_words
from llmkit.types import EngineError, GenerationSettings
from tests.tiny_model import TINY_MODEL

FOXES = [ord(letter) for letter in "foxes"]
GREEDY = GenerationSettings(max_tokens=8, temperature=0, seed=0)
PLAIN = EngineOptions(dtype="float32", max_running=2)
NAMES = ("a", "b", "c")

HubFor = Callable[[float], ModelHub]


@pytest.fixture(scope="module")
def three(tiny_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models of the same size."""
    folder = tmp_path_factory.mktemp("three")
    for name in NAMES:
        shutil.copytree(tiny_models_dir / TINY_MODEL, folder / name)
    return folder


@pytest.fixture
def hub_for(three: Path, request: pytest.FixtureRequest) -> HubFor:
    """A hub with room for so many of the models."""

    def make(models: float) -> ModelHub:
        room = int(need_of(three / "a", PLAIN).total * models)
        hub = ModelHub(three, EngineOptions(dtype="float32", max_running=2, memory=room))
        request.addfinalizer(hub.close)
        return hub

    return make


def states(hub: ModelHub) -> str:
    return " ".join(str(hub.state(name)) for name in NAMES)


def settled(hub: ModelHub) -> None:
    """Wait until the loader has done what it can do now."""
    done = threading.Event()
    hub.enqueue(done.set)
    assert done.wait(60)


def answered(served: Served) -> list[int]:
    """The tokens of a short greedy answer, or the error it ended with."""
    ended: Future[list[int]] = Future()

    def hear(event: RequestEvent) -> None:
        if isinstance(event, Failed):
            ended.set_exception(event.error)
        elif isinstance(event, Done):
            ended.set_result(request.choices[0].tokens)

    request = GenerationRequest("r", [FOXES], GREEDY, hear, loaded=served.loaded)
    served.backend.submit(request)
    return ended.result(60)


def test_the_least_recently_used_model_makes_room(hub_for: HubFor) -> None:
    hub = hub_for(2.5)
    for name in ("a", "b"):
        hub.load(name).result(60)
    model = weakref.ref(hub.load("b").result().loaded.model)
    hub.acquire("a").release()
    hub.load("c").result(60)
    assert states(hub) == "ready unloaded ready"
    assert model() is None
    used, budget = hub.memory()["memory_used_bytes"], hub.memory()["memory_budget_bytes"]
    assert used is not None
    assert budget is not None
    assert 0 < used <= budget


def test_a_model_in_use_is_waited_for_and_the_next_to_ask_for_it_waits_in_turn(
    hub_for: HubFor,
) -> None:
    hub = hub_for(1.5)
    using = hub.acquire("a")
    served = using.future.result(60)
    waiting = hub.acquire("b")
    settled(hub)
    assert not waiting.future.done()
    late = hub.acquire("a")
    settled(hub)
    assert not late.future.done()
    assert len(answered(served)) == 8
    using.release()
    assert len(answered(waiting.future.result(60))) == 8
    assert not late.future.done()
    waiting.release()
    assert len(answered(late.future.result(60))) == 8
    late.release()


def test_an_idle_model_goes_before_one_in_use(hub_for: HubFor) -> None:
    hub = hub_for(2.5)
    using = hub.acquire("a")
    using.future.result(60)
    hub.load("b").result(60)
    hub.load("c").result(60)
    assert states(hub) == "ready unloaded ready"
    using.release()


def test_a_model_that_can_never_fit_is_refused_at_once(hub_for: HubFor, three: Path) -> None:
    hub = hub_for(0.5)
    with pytest.raises(EngineError, match="raise ENGINE_MEMORY") as failure:
        hub.load("a").result(60)
    need = need_of(three / "a", PLAIN).total
    assert in_words(need) in str(failure.value)
    assert failure.value.code == "model_failed"


def test_unloading_makes_room_for_what_waits(hub_for: HubFor) -> None:
    hub = hub_for(1.5)
    using = hub.acquire("a")
    using.future.result(60)
    waiting = hub.load("b")
    settled(hub)
    using.release()
    assert waiting.result(60).loaded.name == "b"


def test_many_who_ask_for_more_models_than_fit_all_get_their_answers(hub_for: HubFor) -> None:
    """Requests arrive at every moment of loading and putting away; none of them may fail."""
    hub = hub_for(1.5)

    def ask(number: int) -> list[int]:
        lease = hub.acquire(NAMES[number % 3])
        try:
            return answered(lease.future.result(120))
        finally:
            lease.release()

    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(ask, range(24)))
    assert len(answers) == 24
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8", "int4"])
def test_the_need_read_off_the_headers_is_what_loading_takes(three: Path, precision: str) -> None:
    from llmkit.engine.loading import load_model

    need = need_of(three / "a", EngineOptions(dtype=precision))
    held = load_model(three / "a", dtype=precision).memory_bytes
    assert held == pytest.approx(need.weights, rel=0.05)
