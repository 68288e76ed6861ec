"""The numbers told of tokens equal a direct forward pass, whatever else the engine is doing."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from llmkit.types import GenerationSettings
from tests.llmkit.conftest import SchedulerMaker
from tests.llmkit.running_engine import RunningEngine, running_engine
from tests.llmkit.support import GREEDY, ask, direct_logprobs, ids_of, reference, run
from tests.tiny_adapters import build_adapter, read
from tests.tiny_model import TINY_MODEL

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

FREE = GenerationSettings(max_tokens=40, temperature=1.2, top_k=0, top_p=1, seed=5)
QUESTION = "What is the sea made of? " * 6
CLOSE = 2e-4
HELLO = [{"role": "user", "content": "Hello"}]
CHAT, COMPLETIONS, LOOK = "/v1/chat/completions", "/v1/completions", "/v1/distribution"


def test_log_probabilities_in_company_equal_a_direct_forward_pass(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    ask(scheduler, "noise", replace(FREE, max_tokens=60, seed=9))
    scheduler.step()
    asked = ask(scheduler, QUESTION, FREE, logprobs=4)
    ask(scheduler, "more noise", replace(FREE, max_tokens=20, seed=2), logprobs=1)
    run(scheduler)
    prompt, tokens = ids_of(tireless, QUESTION), asked.tokens()
    direct = direct_logprobs(tireless, prompt + tokens)[len(prompt) - 1 :]
    assert [written.id for written in asked.written()] == tokens
    for written, row in zip(asked.written(), direct, strict=False):
        assert written.likelihood is not None
        assert written.likelihood.logprob == pytest.approx(float(row[written.id]), abs=CLOSE)
        assert written.likelihood.rank == int((row > row[written.id]).sum()) + 1
        best = [logprob for _, logprob in written.likelihood.top]
        assert best == pytest.approx(row.topk(4).values.tolist(), abs=CLOSE)


def test_looking_at_an_answer_disturbs_nobody_and_equals_a_direct_forward_pass(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    from llmkit.engine.inspection import AnswerInspection, PlaceInspection

    scheduler = scheduler_of(tireless)
    others = [ask(scheduler, text, replace(GREEDY, max_tokens=30)) for text in ("one", QUESTION)]
    for _ in range(6):
        scheduler.step()
    prompt, tokens = ids_of(tireless, QUESTION), ids_of(tireless, "Salt and water, mostly. " * 5)
    whole = AnswerInspection(tireless, prompt, tokens, 3)
    place = PlaceInspection(tireless, prompt, tokens[:70])
    scheduler.inspect(whole)
    scheduler.inspect(place)
    while scheduler.running:
        scheduler.step()
        scheduler.look()
    direct = direct_logprobs(tireless, prompt + tokens)[len(prompt) - 1 :]
    found = whole.answer.result(0)
    wants = [float(row[token]) for row, token in zip(direct, tokens, strict=False)]
    assert [each.logprob for each in found] == pytest.approx(wants, abs=CLOSE)
    assert [each.top[0][0] for each in found] == direct[:-1].argmax(-1).tolist()
    scores = place.answer.result(0).log_softmax(-1)
    assert scores.tolist() == pytest.approx(direct[70].tolist(), abs=CLOSE)
    for other in others:
        assert other.tokens() == reference(tireless, other.request.choices[0].prompt, 30)


def with_adapter(tiny: "LoadedModel", base: Path, folder: Path) -> "tuple[LoadedModel, Any]":
    """The tiny model with an adapter, and PEFT's own."""
    from peft import PeftModel

    from llmkit.engine.adapters import open_adapter

    build_adapter(base, folder)
    return open_adapter(tiny, folder), PeftModel.from_pretrained(read(base), str(folder)).eval()


def in_int8(base: Path) -> "tuple[LoadedModel, Any]":
    """As the engine holds it, and in float32 with each weight rounded by hand to its row's 255
    levels."""
    import torch

    from llmkit.engine.loading import load_model

    rounded = read(base)
    for layer in rounded.modules():
        if isinstance(layer, torch.nn.Linear):
            scale = layer.weight.data.abs().amax(1, keepdim=True) / 127
            layer.weight.data = (layer.weight.data / scale).round() * scale
    return load_model(base, dtype="int8"), rounded


def in_bfloat16(base: Path) -> "tuple[LoadedModel, Any]":
    import torch

    from llmkit.engine.loading import load_model

    return load_model(base, dtype="bfloat16"), read(base).to(torch.bfloat16)


def apart(some: Any, others: Any) -> float:
    """The mean distance."""
    return float(np.abs(np.subtract(some, others)).mean())


@pytest.mark.parametrize(
    ("kind", "close"), [("adapter", CLOSE), ("lane", CLOSE), ("int8", 0.02), ("bfloat16", 0.2)]
)
def test_adapters_and_smaller_weights_tell_numbers_of_their_own(
    tiny: "LoadedModel", tiny_models_dir: Path, tmp_path: Path, kind: str, close: float
) -> None:
    """Written in company and looked at afterwards, as the whole text read at once by PEFT's model
    or by transformers' with the same rounded weights.

    In company the lean decoder runs an adapter, in a lane its modules do. Between 8 and 16, where
    this model's largest logits are, bfloat16 goes by sixteenths, layer for layer.
    """
    import torch

    from llmkit.engine.inspection import AnswerInspection, PlaceInspection
    from llmkit.engine.runner import Runner
    from llmkit.engine.scheduler import Scheduler

    folder = tiny_models_dir / TINY_MODEL
    bare = replace(tiny, decoder=None) if kind == "lane" else tiny
    if kind in ("adapter", "lane"):
        opened, peer = with_adapter(bare, folder, tmp_path / "lora")
    else:
        opened, peer = in_int8(folder) if kind == "int8" else in_bfloat16(folder)
    loaded = replace(opened, eos=frozenset())
    scheduler = Scheduler(Runner(loaded if opened.base is None else bare))
    ask(scheduler, "noise", replace(FREE, max_tokens=60, seed=9))
    asked = ask(scheduler, QUESTION, FREE, loaded=loaded, logprobs=1)
    run(scheduler)
    prompt, tokens = ids_of(tiny, QUESTION), asked.tokens()
    whole = AnswerInspection(loaded, prompt, tokens, 1)
    place = PlaceInspection(loaded, prompt, tokens[:5])
    for look in (whole, place):
        scheduler.inspect(look)
    for _ in range(20):
        scheduler.look()
    direct = direct_logprobs(replace(tiny, model=peer), prompt + tokens)[len(prompt) - 1 : -1]
    wants = [float(row[token]) for row, token in zip(direct, tokens, strict=True)]
    told = [each.likelihood.logprob for each in asked.written() if each.likelihood]
    looked = [each.logprob for each in whole.answer.result(0)]
    scores = place.answer.result(0).log_softmax(-1)
    assert len(told) == len(looked) == FREE.max_tokens
    assert apart(told, wants) < close
    assert apart(looked, wants) < close
    assert apart(scores, direct[5]) < close
    others = direct_logprobs(tiny, prompt + tokens)[len(prompt) + 4]
    assert not torch.allclose(scores, others, atol=0.01), "the bare model's numbers"


def test_a_look_that_nobody_waits_for_ends_at_the_next_step(
    tiny: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    from llmkit.engine.inspection import AnswerInspection

    scheduler = scheduler_of(tiny)
    left, stays = (AnswerInspection(tiny, ids_of(tiny, QUESTION), [5, 6], 0) for _ in range(2))
    scheduler.inspect(left)
    scheduler.inspect(stays)
    left.answer.cancel()
    for _ in range(4):
        scheduler.look()
    assert len(stays.answer.result(0)) == 2


def test_an_answer_goes_on_from_the_exact_tokens_it_began_with(
    bytes_model: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    """Cut anywhere, also within a character: the two parts make the very text of the whole."""
    scheduler = scheduler_of(bytes_model)
    settings = replace(GREEDY, max_tokens=30)
    whole = ask(scheduler, "Say it", settings)
    run(scheduler)
    for cut in (1, 7, 12):
        beginning = whole.tokens()[:cut]
        rest = ask(scheduler, "Say it", replace(settings, max_tokens=30 - cut), beginning=beginning)
        run(scheduler)
        assert rest.tokens() == whole.tokens()[cut:]
        detokeniser = bytes_model.detokeniser()
        begun = "".join(detokeniser.push(token) for token in beginning)
        assert begun + rest.text() == whole.text()


@pytest.fixture(scope="module")
def engine(tiny_models_dir: Path) -> Iterator[RunningEngine]:
    with running_engine(tiny_models_dir, dtype="float32", max_running=2) as running:
        yield running


@pytest.fixture
async def http(engine: RunningEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=engine.url, timeout=60) as client:
        yield client


def chat(**changes: Any) -> dict[str, Any]:
    asked = {"model": TINY_MODEL, "messages": HELLO, "max_tokens": 12, "seed": 3, "top_p": 1}
    return {**asked, "temperature": 1, "logprobs": True, "top_logprobs": 2, **changes}


async def test_a_chat_tells_log_probabilities_in_openais_shape_streamed_or_not(
    http: httpx.AsyncClient, tiny: "LoadedModel"
) -> None:
    sent = chat(return_token_ids=True)
    whole = (await http.post(CHAT, json=sent)).json()["choices"][0]
    lines = (await http.post(CHAT, json={**sent, "stream": True})).text.split("\n\n")
    chunks = [json.loads(x[6:])["choices"][0] for x in lines if x.startswith("data: {")]
    told = [chunk["logprobs"]["content"] for chunk in chunks if chunk["logprobs"]]
    content = whole["logprobs"]["content"]
    assert [entry for part in told for entry in part] == content
    assert [i for chunk in chunks for i in chunk.get("token_ids", [])] == whole["token_ids"]
    assert "".join(entry["token"] for entry in content) == whole["message"]["content"]
    assert [bytes(entry["bytes"]).decode() for entry in content] == [e["token"] for e in content]
    assert [len(entry["top_logprobs"]) for entry in content] == [2] * len(content)
    prompt = ids_of(tiny, "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")
    direct = direct_logprobs(tiny, prompt + whole["token_ids"])[len(prompt) - 1 :]
    wants = [float(row[i]) for row, i in zip(direct, whole["token_ids"], strict=False)]
    got = [entry["logprob"] for entry in content]
    assert got == pytest.approx(wants[: len(got)], abs=CLOSE)


async def test_a_completion_tells_them_in_the_older_shape(http: httpx.AsyncClient) -> None:
    sent = {"model": TINY_MODEL, "prompt": "Hello", "max_tokens": 9, "seed": 1, "logprobs": 3}
    choice = (await http.post(COMPLETIONS, json=sent)).json()["choices"][0]
    told = choice["logprobs"]
    assert "".join(told["tokens"]) == choice["text"]
    assert told["text_offset"] == list(range(len(told["tokens"])))
    assert all(len(top) == 3 for top in told["top_logprobs"])
    best = [max(top.values()) for top in told["top_logprobs"]]
    assert all(p <= most for p, most in zip(told["token_logprobs"], best, strict=True))


async def test_a_look_over_http_says_the_same_as_the_answer_did(http: httpx.AsyncClient) -> None:
    answer = (await http.post(CHAT, json=chat(return_token_ids=True))).json()["choices"][0]
    asked = {"model": TINY_MODEL, "messages": HELLO, "tokens": answer["token_ids"], "top": 2}
    looked = (await http.post(LOOK, json=asked)).json()["tokens"]
    for told, seen in zip(answer["logprobs"]["content"], looked, strict=False):
        assert seen["logprob"] == pytest.approx(told["logprob"], abs=CLOSE)
        assert [top["text"] for top in seen["top"]] == [t["token"] for t in told["top_logprobs"]]
    assert "".join(token["shown"] for token in looked) == answer["message"]["content"]
    by_text = {**asked, "text": answer["message"]["content"]}
    del by_text["tokens"]
    again = (await http.post(LOOK, json=by_text)).json()["tokens"]
    assert [token["id"] for token in again] == answer["token_ids"][: len(again)]


async def test_one_place_tells_every_score_after_the_penalty_in_order(
    http: httpx.AsyncClient, tiny: "LoadedModel"
) -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    tokens = ids_of(tiny, "Foxes fox")
    asked = {"model": TINY_MODEL, "prompt": "Say", "tokens": tokens, "position": 6, "top": 4}
    told = (await http.post(LOOK, json={**asked, "repetition_penalty": 1.5})).json()
    import torch

    read = ids_of(tiny, "Say") + tokens[:6]
    with torch.inference_mode():
        logits = tiny.model(input_ids=torch.tensor([read])).logits[0, -1:]
    wanted = RepetitionPenaltyLogitsProcessor(1.5)(torch.tensor([read]), logits)[0]
    scores = np.frombuffer(base64.b64decode(told["scores"]), "<f4")
    assert scores.tolist() == pytest.approx(wanted.sort(descending=True).values.tolist(), abs=1e-3)
    assert [entry["id"] for entry in told["tokens"]] == wanted.topk(4).indices.tolist()
    assert told["chosen"]["id"] == tokens[6]
    assert scores[told["chosen"]["index"]] == pytest.approx(float(wanted[tokens[6]]), abs=1e-3)


@pytest.mark.parametrize(
    ("path", "change", "sentence"),
    [
        (CHAT, {"logprobs": False}, "top_logprobs needs logprobs"),
        (CHAT, {"top_logprobs": 21}, "top_logprobs must be between 0 and 20"),
        (CHAT, {"tokens": ["a"]}, "Every token id must be a whole number"),
        (CHAT, {"tokens": [10**9]}, "has no token 1000000000"),
        (LOOK, {"tokens": [-1]}, "has no token -1"),
        (LOOK, {"tokens": [5] * 600}, "tiny holds 512"),
        (LOOK, {"tokens": [5], "position": 2}, "position must be at most 1"),
        (LOOK, {"tokens": [5], "text": "x"}, "tokens or its text, not both"),
        (LOOK, {"repetition_penalty": 0}, "Repetition penalty must be between"),
    ],
    ids=str,
)
async def test_what_cannot_be_looked_at_is_refused_with_a_sentence(
    http: httpx.AsyncClient, path: str, change: dict[str, Any], sentence: str
) -> None:
    base = chat() if path == CHAT else {"model": TINY_MODEL, "messages": HELLO}
    response = await http.post(path, json={**base, **change})
    assert response.status_code == 400
    assert sentence in response.json()["error"]["message"]
