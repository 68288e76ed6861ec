"""Models and adapters that met with accidents: what is taken can be opened by the engine, all else
is refused in a sentence."""

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmkit.adding import AddError
from llmkit.adding.adapters import CONFIG, WEIGHTS
from llmkit.adding.building import MODEL, build
from llmkit.adding.request import Request
from llmkit.engine.adapters import open_adapter
from llmkit.engine.loading import LoadedModel, load_model
from tests.properties import nasty
from tests.properties.importers import fresh, quiet
from tests.tiny_adapters import build_adapter
from tests.tiny_gguf import write_tiny_gguf
from tests.tiny_model import TINY_MODEL

NUMBERS = st.integers(0, 2**32)
HEAD = 8_000


def with_accidents(random: Random, data: bytes) -> bytes:
    """Mostly in the head of the file, which says what the rest is."""
    if random.random() < 0.2:
        return nasty.spoiled(random, data)
    return nasty.spoiled(random, data[:HEAD]) + data[HEAD:]


def taken(request: Request) -> Path | None:
    """The folder that came of it; None where it was refused."""
    try:
        build(request, quiet)
    except AddError as error:
        assert 10 < len(str(error)) < 500, error
        return None
    return Path(request.work) / MODEL


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "fox.gguf").read_bytes()


@pytest.fixture(scope="module")
def base(tiny_models_dir: Path) -> LoadedModel:
    return load_model(tiny_models_dir / TINY_MODEL)


@pytest.fixture(scope="module", params=["LORA", "IA3", "PROMPT_TUNING"])
def adapter(
    request: pytest.FixtureRequest, tiny_models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("adapter")
    return build_adapter(tiny_models_dir / TINY_MODEL, folder, request.param)


def test_a_gguf_file_becomes_a_model_that_opens_or_is_refused(gguf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fox.gguf"

    @nasty.examples(30)
    @given(NUMBERS)
    def tried(number: int) -> None:
        path.write_bytes(with_accidents(Random(number), gguf))
        work = fresh(path, ".work")
        if folder := taken(Request("gguf", str(path), str(work), "fox", "job")):
            load_model(folder)

    tried()


def test_an_adapter_opens_over_its_base_or_is_refused(
    adapter: Path, base: LoadedModel, tiny_models_dir: Path, tmp_path: Path
) -> None:
    place = tmp_path / "adapter.files"

    @nasty.examples(25)
    @example(27999)
    @given(NUMBERS)
    def tried(number: int) -> None:
        random, source = Random(number), fresh(place, ".source")
        shutil.copytree(adapter, source, dirs_exist_ok=True)
        spoiled = source / random.choice((CONFIG, CONFIG, WEIGHTS))
        spoiled.write_bytes(with_accidents(random, spoiled.read_bytes()))
        asked = Request("folder", str(source), str(fresh(place, ".work")), "brief", "job")
        asked = replace(asked, base=str(tiny_models_dir / TINY_MODEL))
        if folder := taken(asked):
            open_adapter(base, folder)

    tried()
