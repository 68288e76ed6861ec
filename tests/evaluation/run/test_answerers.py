"""An engine over HTTP writes what the model in this process writes, many at once."""

from collections.abc import Callable
from typing import Any

import pytest

from evaluation.run import answerers
from evaluation.run.answerers import Ask, EngineAnswerer, own_answerer, writer_for
from evaluation.run.errors import EvaluationError
from evaluation.run.spec import Spec, spec_of
from llmkit.types import ChatMessage, GenerationSettings
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL
from training.run.errors import Stopped
from training.run.folder import RunFolder
from training.run.stopping import Stop

GREEDY = GenerationSettings(temperature=0, max_tokens=12, top_k=0, top_p=1, seed=0)
ASKS = [Ask(GREEDY, prompt=f"Question {n}:") for n in range(4)] + [
    Ask(GREEDY, messages=(ChatMessage("user", f"Say {n}."),)) for n in range(4)
]


def written(answerer: Any) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    answerer.write(ASKS, lambda place, answer: found.update({place: dict(answer)}), Stop())
    return found


def test_the_engine_and_this_process_write_the_same(
    engine: RunningSite, folder_for: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine takes two requests at a time; what finds it busy waits."""
    monkeypatch.setattr(answerers, "BUSY_SECONDS", 0.1)
    config = folder_for("starter_summaries").read_config()
    spec = spec_of({**config, "engines": [engine.engine_url]})
    own = own_answerer(spec)
    served = writer_for(spec, own)
    assert isinstance(served, EngineAnswerer)
    over_http, here = written(served), written(own)
    own.close()
    assert len(over_http) == len(ASKS)
    for place in range(len(ASKS)):
        for part in ("text", "reason", "prompt_tokens", "completion_tokens"):
            assert over_http[place][part] == here[place][part]
        exact = own.exact_prompt(ASKS[place].messages) or ASKS[place].prompt
        assert here[place]["prompt"] == exact


def test_what_lies_elsewhere_is_asked_over_http_only(engine: RunningSite) -> None:
    spec = Spec({"name": "far", "asked_as": TINY_MODEL}, (), engines=[engine.engine_url])
    own = own_answerer(spec)
    assert writer_for(spec, own).facts() == {"answered_by": "engine"}
    with pytest.raises(EvaluationError, match="far is answered by another server"):
        own.likelihoods([([1], [2])], lambda place, answer: None, Stop())
    nobody = Spec({"name": "far"}, (), engines=["http://127.0.0.1:9"])
    with pytest.raises(EvaluationError, match="No server answers for far now"):
        writer_for(nobody, own_answerer(nobody))


def test_a_stop_leaves_what_is_not_answered(engine: RunningSite) -> None:
    stop = Stop()
    heard: list[int] = []

    def hear(place: int, answer: Any) -> None:
        heard.append(place)
        stop.ask()

    served = EngineAnswerer(engine.engine_url, TINY_MODEL, Spec({}, (), together=1))
    with pytest.raises(Stopped):
        served.write(ASKS, hear, stop)
    assert heard == [0]
