"""What may become a model here: whole, readable, and without a line of code of its own."""

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from llmkit.adding import AddError, inspect_folder
from llmkit.adding.building import build
from llmkit.adding.files import wanted
from llmkit.adding.licences import licence_of
from llmkit.adding.local import dense_bytes
from llmkit.adding.request import Progress, Request
from llmkit.adding.trying import require_writer
from llmkit.childside import disk_error
from tests.tiny_gguf import write_tiny_gguf
from tests.tiny_model import TINY_MODEL

Damage = Callable[[Path], object]


@pytest.fixture
def folder(tiny_models_dir: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may spoil."""
    return Path(shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / "spoilt"))


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])


def link_out(folder: Path) -> None:
    outside = folder.parent / "outside.json"
    outside.write_text("{}")
    (folder / "extra.json").symlink_to(outside)


def without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def lost_shard(folder: Path) -> None:
    shards = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(shards))


def shard_elsewhere(folder: Path) -> None:
    shards = {"weight_map": {"a": "../../secret_key"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(shards))


def only_adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def huge_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 8)


def endless_header(folder: Path) -> None:
    header = b"[" * 5000
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def no_type(folder: Path) -> None:
    header = json.dumps({"a": {"shape": [1], "data_offsets": [0, 4]}}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(4)
    (folder / "model.safetensors").write_bytes(data)


def impossible_shape(folder: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}
    header = json.dumps({"a": entry}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(4)
    (folder / "model.safetensors").write_bytes(data)


REFUSED: dict[str, tuple[Damage, str]] = {
    "pickles": (as_pickle, "pickles"),
    "code of the model's own": (
        lambda f: rewrite(f / "config.json", auto_map={"AutoModel": "modeling_x.X"}),
        "Python code of its own",
    ),
    "code of the tokenizer's own": (
        lambda f: rewrite(f / "tokenizer_config.json", auto_map={"AutoTokenizer": ["x.X", None]}),
        "Python code of its own",
    ),
    "cut weights": (cut_short, "cut short"),
    "weights that are something else": (huge_header, "not a safetensors file"),
    "weights larger than their file": (impossible_shape, "not a safetensors file"),
    "weights without a type": (no_type, "not a safetensors file"),
    "weights nested too deeply to be read": (endless_header, "not a safetensors file"),
    "a config nested too deeply to be read": (
        lambda f: (f / "config.json").write_text("[" * 5000),
        "can't be read",
    ),
    "a lost shard": (lost_shard, "model-00001-of-00002.safetensors is missing"),
    "a shard outside of the folder": (shard_elsewhere, "no weight file of this folder"),
    "a link out of the folder": (link_out, "a link out of the folder"),
    "no tokenizer": (without_tokenizer, "no tokenizer"),
    "no config": (lambda f: (f / "config.json").unlink(), "no config.json"),
    "an adapter": (only_adapter, "an adapter, not a model"),
    "a config that is no JSON": (lambda f: (f / "config.json").write_text("[1"), "can't be read"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_folder_is_refused_with_a_sentence_for(what: str, folder: Path) -> None:
    damage, words = REFUSED[what]
    damage(folder)
    with pytest.raises(AddError, match=words):
        inspect_folder(folder)


def test_the_facts_come_from_the_headers_alone(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    facts = inspect_folder(folder)
    assert facts.parameters == sum(tensor.numel() for tensor in weights.values())
    assert facts.dtype == str(torch.float32).removeprefix("torch.")
    assert (facts.architecture, facts.window) == ("LlamaForCausalLM", 512)


def test_what_a_config_says_is_fit_for_a_database(folder: Path) -> None:
    rewrite(folder / "config.json", architectures=["A\x00\n" + "x" * 999])
    assert inspect_folder(folder).architecture == "A" + "x" * 199


def test_a_full_disk_and_a_forbidden_file_are_told_apart() -> None:
    assert "The disk became full" in disk_error(OSError(errno.ENOSPC, "No space left"))
    assert "Check its permissions" in disk_error(PermissionError(errno.EACCES, "Denied", "/x"))


@pytest.mark.parametrize("name", ["../secret.json", "/etc/passwd.json", "a\\b.json", "a\n.json"])
def test_a_file_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(AddError, match="leads out"):
        wanted(["config.json", "model.safetensors", "tokenizer.json", name])


def test_only_weights_and_texts_are_taken() -> None:
    names = ["config.json", "model.safetensors", "tokenizer.json", "README.md", "LICENSE"]
    others = [
        "modeling.py",
        "pytorch_model.bin",
        "serving.json",
        ".env",
        "consolidated.safetensors",
    ]
    assert wanted([*names, *others]) == sorted(names)


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n", "Apache-2.0"),
        ("---\nlicense: other\nlicense_name: qwen\n---\n", "qwen"),
        ("---\nlicense: [mit, {a: b}]\n---\n", "MIT"),
        ("---\nlicense: {a: b}\n---\n", ""),
        ("---\n: [\n---\n", ""),
        ("# No metadata", ""),
    ],
)
def test_the_licence_is_what_the_card_says(card: str, licence: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card)
    assert licence_of(tmp_path) == licence


@pytest.mark.parametrize(("kind", "words"), [("bert-like", "not known"), ("clip", "write text")])
def test_a_model_that_writes_no_text_is_refused(kind: str, words: str) -> None:
    require_writer("llama")
    require_writer("t5")
    with pytest.raises(AddError, match=words):
        require_writer(kind)


def test_a_gguf_file_becomes_a_folder_that_can_be_served(tmp_path: Path) -> None:
    gguf = write_tiny_gguf(tmp_path / "tiny.gguf")
    request = Request("gguf", str(gguf), str(tmp_path / "work"), "tiny", "job")
    told: list[Progress] = []
    facts = build(request, told.append)
    assert facts["licence"] == "MIT"
    assert facts["dtype"] == "bfloat16"
    assert {"Converting", "Checking"} <= {progress.phase for progress in told}
    inspected = asdict(inspect_folder(tmp_path / "work" / "model"))
    assert inspected["parameters"] == facts["parameters"]
    assert [*(tmp_path / "work" / "model").glob("*.py")] == []


def test_a_gguf_file_that_lacks_a_weight_is_refused_where_chance_would_fill_it(
    tmp_path: Path,
) -> None:
    gguf = write_tiny_gguf(tmp_path / "tiny.gguf")
    gguf.write_bytes(gguf.read_bytes().replace(b"blk.1.ffn_up.weight", b"blk.7.ffn_up.weight"))
    with pytest.raises(AddError, match=r"can.t be converted: its weights lack model\.layers\.1"):
        build(Request("gguf", str(gguf), str(tmp_path / "work"), "tiny", "job"), lambda _: None)


@pytest.mark.parametrize(
    ("content", "words"), [(b"PK\x03\x04", "not a GGUF"), (b"GGUF\x03", "cut")]
)
def test_a_file_that_is_no_gguf_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(AddError, match=words):
        dense_bytes(path)
