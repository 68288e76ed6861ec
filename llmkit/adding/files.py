"""Which files of a model are taken, and which mean that it must be refused."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from llmkit.adding.errors import AddError

WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors")
TEXT = re.compile(r"[A-Za-z0-9][\w.-]*\.(json|txt|md|model|jinja)|LICEN[CS]E|NOTICE")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
CARD = "README.md"
PROVENANCE = "provenance.json"
OURS = {PROVENANCE, "serving.json"}
TOKENIZERS = (
    ("tokenizer.json",),
    ("tokenizer.model",),
    ("spiece.model",),
    ("sentencepiece.bpe.model",),
    ("vocab.json", "merges.txt"),
    ("vocab.txt",),
)


def is_wanted(name: str) -> bool:
    """Weights in safetensors, and small files that are only read as text. Never code."""
    return bool(WEIGHTS.fullmatch(name) or TEXT.fullmatch(name)) and name not in OURS


def require_safe(names: Iterable[str]) -> None:
    """AddError where a name would lead out of the folder it is written to."""
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
            raise AddError(
                f"One of its files is called {name[:80]!r}, which leads out of the model's "
                "folder. This model is not to be trusted; nothing was added."
            )


def wanted(names: Iterable[str]) -> list[str]:
    """What is taken of these files. AddError where no model can come of them."""
    listed = list(names)
    require_safe(listed)
    require_weights(listed)
    require_tokenizer(listed)
    return sorted(name for name in listed if is_wanted(name))


def require_weights(names: list[str]) -> None:
    if CONFIG not in names:
        if "adapter_config.json" in names:
            raise AddError(
                "This is an adapter, not a model. Say which model it sits on, then add it again."
            )
        raise AddError(f"There is no {CONFIG}, so this is not a model that can be served.")
    if any(WEIGHTS.fullmatch(name) for name in names):
        return
    raise AddError(why_no_weights(names))


def why_no_weights(names: list[str]) -> str:
    pickles = [name for name in names if name.endswith(PICKLES)]
    if pickles:
        return (
            f"Its weights are pickles ({pickles[0]}), which can run code when they are read. "
            "Look for a version with model.safetensors."
        )
    if any(name.endswith(".gguf") for name in names):
        return "It has GGUF files only. Add one of them as a GGUF file."
    if any(name.endswith(".safetensors") for name in names):
        return "Its weights are not named model.safetensors, so they can't be read."
    return "It has no weights. Look for a version with model.safetensors."


def require_tokenizer(names: list[str]) -> None:
    if not any(set(files) <= set(names) for files in TOKENIZERS):
        raise AddError("It has no tokenizer (tokenizer.json), without which no text can be read.")


def listed(folder: Path) -> list[str]:
    """The names of the files in a folder; AddError for links that lead out of it."""
    top = folder.resolve()
    names = []
    for path in sorted(folder.iterdir()):
        target = path.resolve()
        if path.is_symlink() and top not in target.parents:
            raise AddError(
                f"{path.name} is a link out of the folder. Give a folder that holds the files "
                "themselves."
            )
        if target.is_file():
            names.append(path.name)
    return names
