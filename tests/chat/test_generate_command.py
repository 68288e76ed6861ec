"""`manage.py generate`: the page's services from the shell, with and without a running engine."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from chat.models import PromptTemplate
from chat.services.prompt_library import sync_library
from chat.services.prompt_templates import create_template, render_turn
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
DEAD_ENGINE = "http://127.0.0.1:9"


@pytest.fixture
def alone(settings: Any, tiny_models_dir: Path) -> Any:
    """No engine answers; the tiny model is the default one."""
    settings.ENGINE_URLS = [DEAD_ENGINE]
    settings.MODELS_DIR = tiny_models_dir
    settings.DEFAULT_MODEL = TINY_MODEL
    settings.THREADS = 1
    return settings


def generate(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("generate", *arguments, "--format", "json", stdout=out, stderr=io.StringIO())
    facts: dict[str, Any] = json.loads(out.getvalue())
    return facts


def refusal(*arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        call_command("generate", *arguments, stdout=io.StringIO())
    return str(ended.value.code)


def test_it_answers_alone_and_brings_the_library_in_itself(alone: Any) -> None:
    arguments = (
        "--template",
        "classify-sentiment",
        "--shots",
        "1",
        "--input",
        "Fine",
        "--seed",
        "3",
    )
    facts = generate(*arguments, "--max-new-tokens", "8", "--temperature", "1")
    assert facts["template"] == "classify-sentiment"
    assert (facts["template_version"], facts["shots"], facts["examples_used"]) == (1, 1, [0])
    assert facts["model"] == TINY_MODEL
    assert facts["seed"] == facts["settings"]["seed"] == 3
    assert "Text: Fine<|im_end|>" in facts["prompt"]
    assert facts["prompt_tokens"] > 0
    assert facts["finish_reason"] in {"stop", "length"}
    assert (
        generate(*arguments, "--max-new-tokens", "8", "--temperature", "1")["text"] == facts["text"]
    )


def test_a_persons_own_template_is_found_by_their_name(alone: Any, member: User) -> None:
    spec = {"fields": [{"name": "text"}], "input_format": "Mine: {text}"}
    create_template(owner=member, name="My own", spec=spec)
    facts = generate(
        "--template", "my-own", "--owner", "member", "--input", "x", "--max-new-tokens", "2"
    )
    assert facts["messages"] == [{"role": "user", "content": "Mine: x"}]
    assert "no template called 'my-own'" in refusal("--template", "my-own", "--input", "x")
    wrong = refusal("--template", "my-onw", "--owner", "member", "--input", "x")
    assert "my-own" in wrong.removeprefix("There is no template called 'my-onw'")
    assert "nobody called 'x'" in refusal("--template", "my-own", "--owner", "x", "--input", "x")


def test_plain_chat_needs_no_template(alone: Any) -> None:
    facts = generate("--input", "{x} {{", "--max-new-tokens", "4")
    assert facts["messages"] == [{"role": "user", "content": "{x} {{"}]
    assert (facts["template"], facts["shots"]) == (None, 0)
    assert facts["completion_tokens"] <= 4


@pytest.mark.parametrize("choose", ["first", "random"])
def test_the_shell_sends_the_same_messages_as_the_page(alone: Any, choose: str) -> None:
    sync_library()
    version = PromptTemplate.objects.get(slug="translate-language").latest
    use = {"count": 2, "choose": choose, "seed": 4, "layout": "inline"}
    inputs = {"text": "Hi {source}", "target": "German"}
    page = render_turn(version=version, inputs=inputs, use=use)
    shell = generate(
        *("--template", "translate-language", "--input", "Hi {source}", "--shots", "2"),
        *("--input-field", "target=German", "--choose", choose, "--shot-seed", "4"),
        *("--layout", "inline", "--max-new-tokens", "1"),
    )
    assert shell["messages"] == page.messages
    assert shell["examples_used"] == page.used_examples


def test_picked_examples_are_counted_from_one(alone: Any) -> None:
    facts = generate(
        *("--template", "classify-sentiment", "--input", "x", "--pick", "3", "--pick", "1"),
        *("--max-new-tokens", "1"),
    )
    assert facts["examples_used"] == [2, 0]


def test_suggested_settings_hold_until_another_value_is_given(alone: Any) -> None:
    arguments = ("--template", "classify-sentiment", "--input", "x", "--shots", "0")
    assert generate(*arguments)["settings"]["temperature"] == 0
    given = generate(*arguments, "--temperature", "0.5", "--max-new-tokens", "2")
    assert (given["settings"]["temperature"], given["settings"]["max_tokens"]) == (0.5, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "x", "--model", "tinny"], "Did you mean 'tiny'?"),
        (["--input", "x", "--template", "sentiment"], "Did you mean 'classify-sentiment'?"),
        (["--input", "x", "--template", "classify-sentiment", "--shots", "99"], "ask for at most"),
        (["--input", "x", "--temperature", "9"], "Temperature must be between 0 and 5"),
        (["--input", "x", "--top-k", "many"], "invalid int value"),
        (["--input", "x", "--colour", "red"], "Unrecognized arguments"),
        (["--input", "  "], "nothing to answer"),
        (["--template", "classify-sentiment"], "Fill in “Text”"),
        (["--template", "answer-from-text", "--input", "x"], "text, question"),
        (["--template", "classify-sentiment", "--input-field", "txt=x"], "Did you mean 'text'?"),
        (["--input-field", "x"], "takes name=value"),
        (["--input", "x", "--shots", "1"], "name one with --template"),
    ],
)
def test_bad_input_ends_with_one_sentence(alone: Any, arguments: list[str], words: str) -> None:
    message = refusal(*arguments)
    assert words in message
    assert "\n" not in message


def test_without_any_model_it_says_how_to_get_one(alone: Any, tmp_path: Path) -> None:
    alone.MODELS_DIR = tmp_path
    assert "make run" in refusal("--input", "x")


def test_a_running_engine_gives_the_same_greedy_answer_as_none(
    alone: Any, engine: RunningSite
) -> None:
    arguments = ("--template", "step-by-step", "--shots", "0", "--input", "1 + 1?")
    local = generate(*arguments, "--max-new-tokens", "12", "--seed", "1")
    alone.ENGINE_URLS = [engine.engine_url]
    served = generate(*arguments, "--max-new-tokens", "12", "--seed", "1")
    same = ("text", "prompt", "settings", "prompt_tokens", "completion_tokens", "finish_reason")
    assert {name: served[name] for name in same} == {name: local[name] for name in same}


def test_in_a_process_of_its_own_only_json_reaches_standard_output(
    tiny_models_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").symlink_to(tiny_models_dir)
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "ENGINE_URLS": DEAD_ENGINE,
        "DEFAULT_MODEL": TINY_MODEL,
        "DATABASE_URL": "",
        "OMP_NUM_THREADS": "1",
    }
    run = [sys.executable, "manage.py", "generate", "--format", "json", "--max-new-tokens", "6"]
    good = subprocess.run(
        [*run, "--template", "classify-sentiment", "--shots", "1", "--input", "-"],
        input=b"caf\xc3\xa9\n",
        env=environment,
        cwd=ROOT,
        capture_output=True,
    )
    unsynced = json.loads(good.stdout)
    assert unsynced["messages"][-1] == {"role": "user", "content": "Text: café"}
    assert (unsynced["examples_used"], unsynced["template_version"]) == ([0], None)
    bad = subprocess.run([*run, "--model", "none"], env=environment, cwd=ROOT, capture_output=True)
    assert (bad.returncode, bad.stdout) == (1, b"")
    assert bad.stderr.decode().strip().count("\n") == 0
