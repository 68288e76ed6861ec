"""What every way of running a model keeps to, and the models that only one of them can run."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmkit.types import EngineError, GenerationSettings
from tests.llmkit.conftest import load
from tests.llmkit.support import GREEDY, ask, ids_of, reference
from tests.odd_models import MAKERS, build_odd_model

if TYPE_CHECKING:
    from llmkit.engine.backends import Backend
    from llmkit.engine.loading import LoadedModel

LONG = replace(GREEDY, max_tokens=400)
PROMPTS = ["a", "Hello there", "What is the sea? " * 4, "naïve 日本 🙂" * 5]
Opener = Callable[..., "Backend"]


@pytest.fixture
def backend_of() -> Iterator[Opener]:
    """Opens backends by their setting, as the engine does, and closes them after the test."""
    from llmkit.engine.hub import EngineOptions
    from llmkit.engine.opening import backend_for

    opened: list[Backend] = []

    def make(loaded: "LoadedModel", kind: str, *, max_running: int = 4) -> "Backend":
        options = EngineOptions(max_running=max_running, max_waiting=4, backend=kind)
        opened.append(backend_for(loaded, options))
        opened[-1].start()
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


@pytest.fixture(params=["inflight", "paged", "plain"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_greedy_answers_of_several_at_once_equal_generate(
    tiny: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    backend = backend_of(tiny, kind)
    asked = [ask(backend, p, replace(GREEDY, max_tokens=12 + 9 * i)) for i, p in enumerate(PROMPTS)]
    for number, (prompt, answer) in enumerate(zip(PROMPTS, asked, strict=True)):
        want = reference(tiny, ids_of(tiny, prompt), 12 + 9 * number)
        assert answer.wait().tokens() == want, prompt
        assert "".join(answer.text()) == tiny.tokenizer.decode(want, skip_special_tokens=True)
    assert backend.kind == kind


def test_cancelling_frees_what_a_running_and_a_queued_request_held(
    tireless: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    backend = backend_of(tireless, kind, max_running=1)
    first, second, third = (ask(backend, name, LONG) for name in "abc")
    second.request.choices[0].limit = 5
    assert backend.cancel(third.request) == "queued"
    backend.cancel(first.request)
    assert first.wait().reasons() == third.wait().reasons() == ["cancelled"]
    assert len(first.tokens()) < 400
    assert second.wait().tokens() == reference(tireless, ids_of(tireless, "b"), 5)
    assert third.tokens() == []


def test_a_stop_string_ends_the_answer_and_is_not_shown(
    tireless: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    backend = backend_of(tireless, kind)
    whole = ask(backend, "Tell me", replace(GREEDY, max_tokens=40)).wait().text()
    stop = whole[10:13]
    cut = ask(backend, "Tell me", replace(GREEDY, max_tokens=40, stop=(stop,))).wait()
    assert cut.text() == whole[: whole.index(stop)]
    assert cut.reasons() == ["stop"]


def test_the_same_seed_gives_the_same_text_from_every_backend(
    tireless: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    """Where a backend has no seeds, the request goes to one over the same weights that has."""
    sampled = GenerationSettings(
        max_tokens=20, temperature=1.1, top_k=30, top_p=0.9, repetition_penalty=1.2, seed=40
    )
    backend, plain = backend_of(tireless, kind), backend_of(tireless, "inflight")
    asked = ask(backend, "Say it", sampled, n=2).wait()
    again = ask(plain, "Say it", sampled, n=2).wait()
    assert [asked.tokens(0), asked.tokens(1)] == [again.tokens(0), again.tokens(1)]
    assert asked.tokens(0) != asked.tokens(1)


def test_sampling_without_a_seed_keeps_to_its_filters(
    tireless: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    """With one candidate left by top-k or top-p, sampling is greedy decoding."""
    backend = backend_of(tireless, kind)
    want = reference(tireless, ids_of(tireless, "Now"), 12)
    for filters in ({"top_k": 1, "top_p": 1.0}, {"top_k": 0, "top_p": 1e-6}):
        settings = GenerationSettings(max_tokens=12, temperature=0.7, **filters)  # type: ignore[arg-type]
        assert ask(backend, "Now", settings).wait().tokens() == want
    free = GenerationSettings(max_tokens=40, temperature=2, top_k=0, top_p=1)
    assert ask(backend, "Now", free).wait().tokens() != ask(backend, "Now", free).wait().tokens()


def test_a_request_that_fails_is_an_error_and_the_next_one_is_answered(
    tireless: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    backend = backend_of(tireless, kind)
    broken = ask(backend, [10_000_000]).wait()
    assert broken.errors() == ["engine_error"]
    after = ask(backend, "fine").wait()
    assert after.tokens() == reference(tireless, ids_of(tireless, "fine"), 24)


def test_a_full_queue_and_a_closed_backend_refuse(
    tireless: "LoadedModel", backend_of: Opener, kind: str
) -> None:
    backend = backend_of(tireless, kind, max_running=1)
    held = [ask(backend, "a", LONG) for _ in range(5)]
    with pytest.raises(EngineError, match="is busy"):
        ask(backend, "one too many")
    backend.close()
    assert {tuple(each.wait().errors()) for each in held} <= {("interrupted",), ()}
    with pytest.raises(EngineError, match="stopping"):
        ask(backend, "late")


@pytest.fixture(scope="module", params=list(MAKERS))
def odd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "LoadedModel":
    folder = tmp_path_factory.mktemp("odd") / str(request.param)
    return load(build_odd_model(folder, str(request.param)))


def test_a_model_that_cannot_be_batched_is_run_by_generate(
    odd: "LoadedModel", backend_of: Opener
) -> None:
    backend = backend_of(odd, "auto")
    assert backend.kind == "plain"
    prompt = "What is the sea? "
    want = reference(odd, ids_of(odd, prompt), 30)
    assert len(set(want)) > 3, "the test model says something"
    first, second = (ask(backend, prompt, replace(GREEDY, max_tokens=30)) for _ in range(2))
    assert first.wait().tokens() == second.wait().tokens() == want
    ended = "stop" if want[-1] in odd.eos else "length"
    assert (first.reasons(), second.positions()[-2:]) == ([ended], [1, 0])


def test_an_answer_that_was_cut_goes_on_from_its_tokens(
    odd: "LoadedModel", backend_of: Opener
) -> None:
    backend = backend_of(odd, "auto")
    whole = reference(odd, ids_of(odd, "Go on"), 20)
    rest = ask(backend, "Go on", replace(GREEDY, max_tokens=10), beginning=whole[:10]).wait()
    assert rest.tokens() == whole[10:]


def test_log_probabilities_are_told_by_generate_too(
    tiny: "LoadedModel", backend_of: Opener
) -> None:
    plain, inflight = backend_of(tiny, "plain"), backend_of(tiny, "inflight")
    answers = [ask(backend, "Well", logprobs=2).wait().written() for backend in (plain, inflight)]
    for one, other in zip(*answers, strict=True):
        assert one.likelihood is not None and other.likelihood is not None
        assert one.likelihood.logprob == pytest.approx(other.likelihood.logprob, abs=1e-4)


def test_an_answer_that_generate_wrote_is_looked_into_or_the_reason_is_said(
    odd: "LoadedModel", backend_of: Opener
) -> None:
    import torch

    from llmkit.engine.inspection import AnswerInspection

    backend, prompt = backend_of(odd, "auto"), ids_of(odd, "Look")
    tokens = ask(backend, "Look", replace(GREEDY, max_tokens=90)).wait().tokens()
    looked = AnswerInspection(odd, prompt, tokens, 1)
    if not odd.readable:
        with pytest.raises(EngineError, match="can't look into an answer"):
            backend.inspect(looked)
        return
    backend.inspect(looked)
    found = looked.answer.result(60)
    start = odd.model.generation_config.decoder_start_token_id
    if odd.encoder_decoder:
        read = {"input_ids": [prompt], "decoder_input_ids": [[start, *tokens[:-1]]]}
    else:
        read = {"input_ids": [[*prompt, *tokens[:-1]]]}
    with torch.inference_mode():
        logits = odd.model(**{k: torch.tensor(v) for k, v in read.items()}).logits[0]
    direct = logits[-len(tokens) :].float().log_softmax(-1)
    wants = [float(line[token]) for line, token in zip(direct, tokens, strict=True)]
    assert [each.logprob for each in found] == pytest.approx(wants, abs=2e-4)


def test_a_model_folder_with_an_encoder_decoder_answers_messages(
    tmp_path: Path,
) -> None:
    from llmkit.engine.hub import EngineOptions
    from llmkit.engine.opening import open_model
    from llmkit.types import ChatMessage

    served = open_model(build_odd_model(tmp_path / "t5", "t5"), EngineOptions())
    turns = [ChatMessage("system", "Be brief."), ChatMessage("user", "Translate: sea")]
    longer = [*turns, ChatMessage("assistant", "mer"), ChatMessage("user", "And land?")]
    try:
        assert served.prompt(turns).text == "Be brief.\n\nTranslate: sea"
        assert served.prompt(longer).text == (
            "Be brief.\n\nUser: Translate: sea\n\nAssistant: mer\n\nUser: And land?\n\nAssistant:"
        )
        assert ask(served.backend, served.prompt(turns).tokens).wait().tokens()
        with pytest.raises(EngineError, match="can't be continued by its text"):
            served.prompt(longer[:3], continue_final=True)
    finally:
        served.backend.close()
