"""The engine inside the caller's process, and as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from llmkit.engine.local import generate_once
from llmkit.types import ChatMessage, EngineError, GenerationSettings
from tests.tiny_model import TINY_MODEL

HELLO = [ChatMessage("user", "Hello")]
GREEDY = GenerationSettings(max_tokens=8, temperature=0)
SERVE = (
    "import sys; from pathlib import Path; from llmkit.engine import serve;"
    "serve(models_dir=Path(sys.argv[1]), host='127.0.0.1', port=0, threads=1,"
    " default_model='tiny', max_running=2, max_waiting=2)"
)


def test_it_answers_without_a_server(tiny_models_dir: Path) -> None:
    pieces: list[str] = []
    text, finished = generate_once(
        tiny_models_dir, TINY_MODEL, HELLO, GREEDY, on_text=pieces.append
    )
    assert text == "".join(pieces)
    assert (finished.reason, finished.prompt_tokens) == ("length", 24)
    assert finished.completion_tokens == 8


@pytest.mark.parametrize("name", ["nobody", "../tiny", "", "tiny:nobody", "tiny:../tiny"])
def test_a_model_that_is_not_there_is_a_sentence(tiny_models_dir: Path, name: str) -> None:
    with pytest.raises(EngineError) as failure:
        generate_once(tiny_models_dir, name, HELLO, GREEDY)
    assert failure.value.code == "model_not_found"


def test_a_prompt_that_is_too_long_is_a_sentence(tiny_models_dir: Path) -> None:
    with pytest.raises(EngineError) as failure:
        generate_once(tiny_models_dir, TINY_MODEL, [ChatMessage("user", "x" * 600)], GREEDY)
    assert failure.value.code == "too_long"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_process_says_one_line_when_ready_and_stops_when_asked(
    tiny_models_dir: Path, stop: signal.Signals
) -> None:
    """It says so before torch is imported, and leaves even while that is going on."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tiny_models_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(stop)
    rest, _ = process.communicate(timeout=60)
    assert line.startswith("Engine ready on http://127.0.0.1:")
    assert TINY_MODEL in line
    assert rest == ""
    assert process.returncode == 0


def test_a_taken_port_is_one_sentence(tiny_models_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code = SERVE.replace("port=0", f"port={taken.getsockname()[1]}")
        done = subprocess.run(
            [sys.executable, "-c", code, str(tiny_models_dir)], capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("The engine cannot listen on 127.0.0.1:")
    assert done.stderr.count("\n") == 1


def test_importing_the_server_does_not_import_torch() -> None:
    modules = "llmkit.engine, llmkit.client, llmkit.engine.local"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
