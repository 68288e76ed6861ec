"""Our models through lm-evaluation-harness give what its own Hugging Face backend gives."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluation.run import harness
from evaluation.run.answerers import OwnAnswerer, own_answerer
from evaluation.run.asking import Asker
from evaluation.run.book import AnswerBook
from evaluation.run.progress import Progress
from evaluation.run.spec import Spec, spec_of
from evaluation.run.telling import Teller
from tests.tiny_model import TINY_MODEL
from training.run.events import Events
from training.run.folder import RunFolder
from training.run.stopping import Stop

TASKS = ("starter_sentiment", "starter_facts", "starter_arithmetic")


@pytest.fixture(scope="module")
def theirs(tiny_models_dir: Path) -> Any:
    """The harness's own backend over the same weights."""
    harness.prepare(Spec({}, ()))
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tiny_models_dir / TINY_MODEL
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    return HFLM(pretrained=model, tokenizer=AutoTokenizer.from_pretrained(folder), batch_size=4)


@pytest.fixture
def ours(folder_for: Callable[..., RunFolder]) -> Iterator[Any]:
    from evaluation.run.harness_model import EngineModel

    folder = folder_for(*TASKS, precision="float32")
    own = own_answerer(spec_of(folder.read_config()))
    yield EngineModel(asker_in(folder, own), TINY_MODEL, {}, print)
    own.close()


def asker_in(folder: RunFolder, own: OwnAnswerer) -> Asker:
    progress = Progress(Teller(Events(folder.events_file)), 0)
    return Asker(AnswerBook(folder.path / "outputs.jsonl"), progress, Stop(), own, own)


def evaluated(model: Any, folder: RunFolder) -> dict[str, Any]:
    from lm_eval.evaluator import evaluate

    spec = spec_of(folder.read_config())
    built: dict[str, Any] = {}
    for asked in spec.tasks:
        built |= harness.built(asked, spec, folder.path)
    found: dict[str, Any] = evaluate(
        lm=model, task_dict={"tasks": built}, limit=12, bootstrap_iters=0
    )
    return found


def test_scores_and_log_probabilities_equal_the_harness_own(
    ours: Any, theirs: Any, folder_for: Callable[..., RunFolder]
) -> None:
    folder = folder_for(*TASKS, at="asked")
    mine, known = evaluated(ours, folder), evaluated(theirs, folder)
    for task in TASKS:
        for name, value in known["results"][task].items():
            if not name.endswith("alias") and "stderr" not in name:
                assert mine["results"][task][name] == value, (task, name)
    for task in TASKS[:2]:
        for one, other in zip(mine["samples"][task], known["samples"][task], strict=True):
            assert one["arguments"] == other["arguments"]
            for found, wanted in zip(one["resps"], other["resps"], strict=True):
                assert found[0][0] == pytest.approx(wanted[0][0], rel=1e-6)
                assert found[0][1] == wanted[0][1]
    written = [sample["resps"] for sample in mine["samples"]["starter_arithmetic"]]
    assert written == [sample["resps"] for sample in known["samples"]["starter_arithmetic"]]


def test_whole_texts_are_foretold_as_by_the_harness(ours: Any, theirs: Any) -> None:
    from lm_eval.api.instance import Instance

    texts = ["A short one.", "Grüße aus 東京. " * 80]
    asked = [Instance("loglikelihood_rolling", {}, (text,), 0) for text in texts]
    wanted = theirs.loglikelihood_rolling(asked)
    assert ours.loglikelihood_rolling(asked) == pytest.approx(wanted, rel=1e-6)
