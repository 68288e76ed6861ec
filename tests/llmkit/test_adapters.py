"""Adapters over one copy of the weights: their answers are PEFT's own, and they share fairly."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llmkit.types import EngineError
from tests.llmkit.conftest import SchedulerMaker
from tests.llmkit.support import GREEDY, Asked, ask, ids_of, reference, run
from tests.odd_models import build_odd_model
from tests.tiny_adapters import SOFT_PROMPTS, build_adapter, peft_answer
from tests.tiny_model import TINY_MODEL

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

Harm = Callable[[Path], object]
PROMPT = "What is the sea? "


@pytest.fixture(scope="module")
def base(tiny_models_dir: Path) -> Path:
    return tiny_models_dir / TINY_MODEL


@pytest.fixture(scope="module")
def loras(base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return [build_adapter(base, folder / f"lora{seed}", seed=seed) for seed in (1, 2)]


def opened(loaded: "LoadedModel", folder: Path) -> "LoadedModel":
    from llmkit.engine.adapters import open_adapter

    return open_adapter(loaded, folder)


@pytest.fixture(params=["in the base's company", "in lanes of their own"])
def lean(request: pytest.FixtureRequest) -> bool:
    """Whether the lean decoder runs the adapters, or the modules do."""
    return bool(request.param == "in the base's company")


def test_two_adapters_and_the_base_answer_at_once_as_peft_does_for_each(
    tiny: "LoadedModel", base: Path, loras: list[Path], scheduler_of: SchedulerMaker, lean: bool
) -> None:
    """Rows join and leave, so an adapter's rows stand together and apart."""
    assert tiny.decoder is not None
    loaded = tiny if lean else replace(tiny, decoder=None)
    scheduler = scheduler_of(loaded, max_running=5)
    models = [(None, loaded), *((folder, opened(loaded, folder)) for folder in loras)]
    asked: list[tuple[Path | None, str, int, Asked]] = []
    for count, prompt in enumerate((PROMPT, "x" * 130, PROMPT + "And land?"), start=9):
        for adapter, model in models:
            settings = replace(GREEDY, max_tokens=count * (1 + len(asked) % 3))
            answer = ask(scheduler, prompt, settings, loaded=model)
            asked.append((adapter, prompt, settings.max_tokens, answer))
            scheduler.step()
    run(scheduler)
    for adapter, prompt, count, answer in asked:
        ids = ids_of(tiny, prompt)
        want = peft_answer(base, adapter, ids, count) if adapter else reference(tiny, ids, count)
        assert answer.tokens() == want, (adapter, prompt)
    assert len({tuple(answer.tokens()[:9]) for *_, answer in asked}) == len(asked)


def test_nobody_starves_beside_a_crowd(
    tireless: "LoadedModel", loras: list[Path], scheduler_of: SchedulerMaker, lean: bool
) -> None:
    long = replace(GREEDY, max_tokens=300)
    loaded = tireless if lean else replace(tireless, decoder=None)
    scheduler = scheduler_of(loaded, max_running=4)
    first, second = (opened(loaded, folder) for folder in loras)
    crowd = [ask(scheduler, f"crowd {i}", long, loaded=first) for i in range(2)]
    alone = ask(scheduler, "alone", long, loaded=second)
    bare = ask(scheduler, "bare", long)
    for _ in range(30):
        scheduler.step()
    written = [len(each.tokens()) for each in (*crowd, alone, bare)]
    assert max(written) - min(written) <= 2
    assert min(written) >= (27 if lean else 9), "in company all write at every step"
    late = ask(scheduler, "late", replace(GREEDY, max_tokens=2), loaded=second)
    more = ask(scheduler, "more of the crowd", long, loaded=first)
    assert (late.positions(), more.positions()) == ([1], [2])
    scheduler.cancel(bare.request)
    for _ in range(9):
        scheduler.step()
    assert late.reasons() == ["length"], "the freed row went to who waited, not to the crowd"


def test_a_beginning_is_taken_over_only_from_rows_of_the_same_adapter(
    tiny: "LoadedModel", base: Path, loras: list[Path], scheduler_of: SchedulerMaker
) -> None:
    scheduler, adapted = scheduler_of(tiny), opened(tiny, loras[0])
    beginning = "The same long instruction for everyone. " * 4
    ask(scheduler, beginning + "first", replace(GREEDY, max_tokens=40))
    for _ in range(5):
        scheduler.step()
    second = ask(scheduler, beginning + "second", loaded=adapted)
    run(scheduler)
    ids = ids_of(tiny, beginning + "second")
    assert second.tokens() == peft_answer(base, loras[0], ids, 24)


def test_an_adapter_costs_its_own_weights_only(tiny: "LoadedModel", loras: list[Path]) -> None:
    one = opened(tiny, loras[0])
    shared = {tensor.data_ptr() for tensor in tiny.model.parameters()}
    own = [tensor for tensor in one.model.parameters() if tensor.data_ptr() not in shared]
    assert sum(tensor.nbytes for tensor in own) == one.memory_bytes
    assert shared <= {tensor.data_ptr() for tensor in one.model.parameters()}
    assert one.memory_bytes < tiny.memory_bytes / 2


@pytest.mark.parametrize("kind", [*SOFT_PROMPTS, "IA3"])
def test_other_kinds_answer_as_peft_does(
    tiny: "LoadedModel", base: Path, tmp_path: Path, kind: str
) -> None:
    from llmkit.engine.hub import EngineOptions
    from llmkit.engine.opening import backend_for

    folder = build_adapter(base, tmp_path / kind, kind)
    soft = opened(tiny, folder)
    assert soft.batches == (kind == "IA3")
    backend = backend_for(tiny, EngineOptions())
    backend.start()
    try:
        asked, bare = ask(backend, PROMPT, loaded=soft), ask(backend, PROMPT)
        ids = ids_of(tiny, PROMPT)
        assert asked.wait().tokens() == peft_answer(base, folder, ids, 24)
        assert bare.wait().tokens() == reference(tiny, ids, 24) != asked.tokens()
    finally:
        backend.close()


@pytest.mark.parametrize(
    ("more", "lean"),
    [
        ({"target_modules": ["q_proj", "v_proj", "down_proj"], "use_rslora": True}, True),
        ({"use_dora": True}, False),
        ({"target_modules": ["v_proj"], "modules_to_save": ["lm_head"]}, False),
    ],
    ids=str,
)
def test_only_plain_lora_takes_the_quick_path_and_every_other_kind_its_modules(
    tiny: "LoadedModel",
    base: Path,
    scheduler_of: SchedulerMaker,
    tmp_path: Path,
    more: dict[str, Any],
    lean: bool,
) -> None:
    folder = build_adapter(base, tmp_path / "other", **more)
    loaded = opened(tiny, folder)
    assert (loaded.decoder is not None) == (lean and tiny.decoder is not None)
    scheduler = scheduler_of(tiny)
    asked = ask(scheduler, PROMPT, loaded=loaded)
    run(scheduler)
    assert asked.tokens() == peft_answer(base, folder, ids_of(tiny, PROMPT), 24)


def test_an_encoder_decoder_takes_adapters_too(tmp_path: Path) -> None:
    from llmkit.engine.hub import EngineOptions
    from llmkit.engine.opening import open_model

    base = build_odd_model(tmp_path / "t5", "t5")
    folder = build_adapter(base, tmp_path / "lora", target_modules=["q", "v"])
    served = open_model(base, EngineOptions())
    try:
        asked = ask(served.backend, PROMPT, loaded=opened(served.loaded, folder)).wait()
        assert asked.tokens() == peft_answer(base, folder, ids_of(served.loaded, PROMPT), 24)
    finally:
        served.backend.close()


def only_a_pickle(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def cut_short(folder: Path) -> None:
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])


def change(folder: Path, **values: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def lose_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "adapter_model.safetensors")
    weights.pop(sorted(weights)[0])
    save_file(weights, folder / "adapter_model.safetensors")


HARMS: list[tuple[Harm, str]] = [
    (only_a_pickle, "its weights are a pickle"),
    (lambda folder: (folder / "adapter_model.safetensors").unlink(), "it has no adapter_model"),
    (cut_short, "cannot be used with tiny"),
    (lose_a_weight, "it lacks base_model.model"),
    (lambda folder: (folder / "adapter_config.json").write_text("{"), "config.json is damaged"),
    (lambda folder: change(folder, r=8), "cannot be used with tiny"),
    (lambda folder: change(folder, target_modules=["c_attn"]), "cannot be used with tiny"),
    (lambda folder: change(folder, target_modules=["q_proj"]), "no place for its"),
    (lambda folder: change(folder, task_type="SEQ_CLS"), "another task"),
    (lambda folder: change(folder, peft_type="NO_SUCH"), "cannot be used with tiny"),
]


@pytest.mark.parametrize(("harm", "sentence"), HARMS)
def test_an_adapter_that_cannot_be_used_is_one_sentence(
    tiny: "LoadedModel", loras: list[Path], tmp_path: Path, harm: Harm, sentence: str
) -> None:
    folder = shutil.copytree(loras[0], tmp_path / "hurt")
    harm(folder)
    with pytest.raises(EngineError, match=sentence) as failure:
        opened(tiny, folder)
    assert failure.value.code == "model_failed"
    assert str(failure.value).startswith("The adapter hurt cannot be used with tiny: ")
    assert "\n" not in str(failure.value)


def test_a_way_of_initialising_that_changes_the_base_is_not_followed(
    tiny: "LoadedModel", loras: list[Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(loras[0], tmp_path / "pissa")
    change(folder, init_lora_weights="pissa")
    before = {name: weight.clone() for name, weight in tiny.model.named_parameters()}
    opened(tiny, folder)
    assert all(weight.equal(before[name]) for name, weight in tiny.model.named_parameters())


def test_the_hub_sees_adapters_come_change_fail_and_go(
    base: Path, loras: list[Path], tmp_path: Path
) -> None:
    from llmkit.engine.hub import EngineOptions, ModelHub

    shutil.copytree(base, tmp_path / "models" / "tiny")
    hub = ModelHub(tmp_path / "models", EngineOptions())
    assert hub.ids() == ["tiny"]
    home = tmp_path / "adapters" / "tiny"
    shutil.copytree(loras[0], home / "good")
    only_a_pickle(shutil.copytree(loras[0], home / "bad"))
    assert hub.ids() == ["tiny", "tiny:bad", "tiny:good"]
    first = hub.load("tiny:good").result(60)
    with pytest.raises(EngineError, match="pickle"):
        hub.load("tiny:bad").result(60)
    told = {each["name"]: each for each in hub.health()["tiny"]["adapters"]}
    assert told["good"] == {"name": "good", "kind": "lora", "state": "ready"}
    assert (told["bad"]["state"], "pickle" in told["bad"]["error"]) == ("failed", True)
    assert hub.health()["tiny"]["state"] == "ready"
    assert hub.load("tiny:good").result(60) is first
    shutil.rmtree(home / "good")
    shutil.copytree(loras[1], home / "good")
    second = hub.load("tiny:good").result(60)
    answers = [ask(s.backend, PROMPT, loaded=s.loaded).wait() for s in (first, second)]
    ids = ids_of(first.loaded, PROMPT)
    assert [a.tokens() for a in answers] == [peft_answer(base, lora, ids, 24) for lora in loras]
    shutil.rmtree(home / "good")
    with pytest.raises(EngineError, match="There is no model named tiny:good") as gone:
        hub.load("tiny:good")
    assert gone.value.code == "model_not_found"
    hub.close()
