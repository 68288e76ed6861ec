"""The data files of a dataset on the Hugging Face hub, or on a mirror that HF_ENDPOINT names.

Only tables are taken, never a program: a dataset that a script makes is refused. Which files belong
to a config and a split its card says; without that their folders and names do.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from llmkit.adding.errors import AddError, printable
from llmkit.adding.hub import address, hub_errors
from llmkit.adding.request import Report
from llmkit.adding.space import in_words, require_disk
from llmkit.adding.watching import growth_of
from training.preparing.request import SOURCE, Hub, Request, SourceFile
from training.preparing.splitting import known_split
from training.tables.reading import ending_of

ANSWER_SECONDS = 15
MOST_FILES = 500
LONGEST_CARD = 200_000
CARD = "README.md"
OTHERWISE = "upload its files"
# Rows of later splits that repeat a prompt of an earlier one are left out, so what is measured
# with comes first.
ORDER = ("test", "validation", "train", "")


@dataclass(frozen=True)
class Listed:
    """A data file of the dataset: its path there, its size, config and split as the card says."""

    path: str
    size: int
    config: str = ""
    split: str = ""


def fetch(request: Request, report: Report) -> tuple[list[SourceFile], dict[str, Any]]:
    """The files, now in the request's folder, and where they are from."""
    if request.hub is None:
        raise ValueError("Fetching needs a hub id.")
    wanted = request.hub
    folder = request.folder / SOURCE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with hub_errors(wanted.repo, "dataset", OTHERWISE):
        info = asked(wanted)
        card = card_of(wanted, info, str(folder))
        files = chosen(wanted, listed(info, card))
        total = sum(file.size for file in files)
        require_size(total, request.limits.unpacked)
        require_disk(folder, total)
        with growth_of(folder, "Downloading", total, report):
            for file in files:
                download(wanted.repo, str(info.sha), file.path, str(folder))
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    found = [SourceFile(f"{SOURCE}/{file.path}", file.path, file.split) for file in files]
    return found, {"commit": str(info.sha), "licence": licence_of(card)}


def asked(wanted: Hub) -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=address()).dataset_info(
        wanted.repo,
        revision=wanted.revision or None,
        files_metadata=True,
        timeout=ANSWER_SECONDS,
    )


def download(repo: str, commit: str, path: str, folder: str) -> str:
    from huggingface_hub import hf_hub_download

    return hf_hub_download(
        repo,
        path,
        revision=commit,
        repo_type="dataset",
        local_dir=folder,
        endpoint=address(),
    )


def require_size(total: int, most: int) -> None:
    if total > most:
        raise AddError(
            f"Its files have {in_words(total)}; at most {in_words(most)} can be read. "
            "Name one config or split."
        )


def card_of(wanted: Hub, info: Any, folder: str) -> dict[str, Any]:
    """What stands between the card's dashes, if it is there and makes sense."""
    if CARD not in {sibling.rfilename for sibling in info.siblings or []}:
        return {}
    path = download(wanted.repo, str(info.sha), CARD, folder)
    with Path(path).open(encoding="utf-8", errors="replace") as file:
        text = file.read(LONGEST_CARD)
    found = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    try:
        card = yaml.safe_load(found[1]) if found else {}
    except (yaml.YAMLError, RecursionError):
        return {}
    return card if isinstance(card, dict) else {}


def licence_of(card: Mapping[str, Any]) -> str:
    named = card.get("license")
    names = named if isinstance(named, list) else [named]
    return printable(", ".join(str(name) for name in names if name), 200)


def listed(info: Any, card: Mapping[str, Any]) -> list[Listed]:
    """The tables of the dataset. AddError where there are none."""
    sizes = {s.rfilename: int(s.size or 0) for s in info.siblings or []}
    tables = [name for name in sizes if is_table(name)]
    if not tables:
        raise AddError(no_tables(sizes))
    by_card = of_card(card, tables)
    if by_card:
        return [Listed(path, sizes[path], config, split) for path, config, split in by_card]
    return [Listed(path, sizes[path], config_by_name(path), by_name(path)) for path in tables]


def is_table(name: str) -> bool:
    """A table that is no part of the hub's own housekeeping."""
    hidden = any(part.startswith(".") or not part for part in name.split("/"))
    return bool(ending_of(name)) and not hidden


def no_tables(names: Mapping[str, int]) -> str:
    if any(name.endswith(".py") for name in names):
        return (
            "This dataset is made by a program, and no program from the hub is run here. Its "
            "version refs/convert/parquet may have it as files; or upload its files."
        )
    return "It has no JSON, CSV, text or Parquet files."


def of_card(card: Mapping[str, Any], tables: Sequence[str]) -> list[tuple[str, str, str]]:
    """(path, config, split) of each file that the card's `configs` name."""
    found = []
    for config in listed_in(card.get("configs")):
        for files in listed_in(config.get("data_files")):
            for pattern in texts_in(files.get("path")):
                found += [
                    (path, str(config.get("config_name", "")), str(files.get("split", "")))
                    for path in tables
                    if fnmatchcase(path, pattern)
                ]
    return found


def listed_in(value: Any) -> list[dict[str, Any]]:
    """A list of objects; patterns that stand there alone are files of the train split."""
    if texts_in(value):
        return [{"split": "train", "path": value}]
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def texts_in(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [part for part in values if part and isinstance(part, str)]


def by_name(path: str) -> str:
    """`validation` of `data/validation-00000-of-00001.parquet` or `dev/x.jsonl`."""
    words = re.split(r"[^A-Za-z]+", path)
    return next((split for word in reversed(words) if (split := known_split(word))), "")


def config_by_name(path: str) -> str:
    """The folder a file lies in, unless that only names its split."""
    folder = PurePosixPath(path).parts[0] if "/" in path else ""
    return "" if folder == "data" or known_split(folder) else folder


def chosen(wanted: Hub, files: Sequence[Listed]) -> list[Listed]:
    """The files of the config and split that are wanted, each once."""
    files = of_config(wanted.config, files)
    splits = sorted({file.split for file in files if file.split})
    if wanted.split:
        mine = {wanted.split, known_split(wanted.split)} - {""}
        files = [file for file in files if file.split in mine]
        if not files:
            there = f"It has {', '.join(splits)}." if splits else "Leave it empty for all."
            raise AddError(f"The dataset has no split {wanted.split}. {there}")
    once = {file.path: file for file in reversed(files)}
    if len(once) > MOST_FILES:
        raise AddError(f"It has {len(once):,} files; at most {MOST_FILES} can be read.")
    order = {split: place for place, split in enumerate(ORDER)}
    return sorted(once.values(), key=lambda f: (order.get(known_split(f.split), 9), f.path))


def of_config(config: str, files: Sequence[Listed]) -> list[Listed]:
    """Those of the config; without one the only or the default one, else AddError."""
    configs = sorted({file.config for file in files})
    if not config and len(configs) > 1:
        config = "default" if "default" in configs else ""
        if not config:
            raise AddError(f"Name one of its configs: {printable(', '.join(configs), 300)}.")
    config = config or configs[0]
    if config not in configs:
        raise AddError(f"It has no config {config}. It has {printable(', '.join(configs), 300)}.")
    return [file for file in files if file.config == config]
