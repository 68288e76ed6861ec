"""Registry and disk agree: a folder without a row gets one, a row without a folder is missing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from llmkit.adding import AddError, Facts, inspect_folder
from llmkit.adding.building import content_hash
from llmkit.adding.files import PROVENANCE
from llmkit.adding.weights import Weights, tensors
from llmkit.modelstore import file_sha256
from training.models import ModelVersion
from training.services.places import NAME, adapters_dir, models_dir, relative, rewards_dir

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
State = ModelVersion.State


def sync() -> None:
    """Cheap when nothing changed: one query, and a look at each folder's name."""
    rows = {version.name: version for version in ModelVersion.objects.known()}
    models = {folder.name: folder for folder in model_folders()}
    adapters = dict(adapter_folders())
    for name, folder in models.items():
        if name not in rows:
            _file(name, folder, model_fields(folder))
    _file_adapters({name: f for name, f in adapters.items() if name not in rows})
    rewards = {folder.name: folder for folder in rewards_dir().glob("*/")}
    _mark_missing(rows.values(), {**models, **adapters, **rewards})


def model_folders() -> list[Path]:
    """Folders that the engine would serve."""
    top = models_dir()
    folders = sorted(top.iterdir()) if top.is_dir() else []
    return [f for f in folders if NAME.fullmatch(f.name) and (f / "config.json").is_file()]


def adapter_folders() -> Iterator[tuple[str, Path]]:
    """Public id and folder of each adapter."""
    for path in sorted(adapters_dir().glob(f"*/*/{ADAPTER_CONFIG}")):
        adapter, model = path.parent, path.parent.parent
        if NAME.fullmatch(adapter.name) and NAME.fullmatch(model.name):
            yield f"{model.name}:{adapter.name}", adapter


def model_fields(folder: Path) -> dict[str, Any]:
    """What the registry stores of a folder that was found."""
    record = provenance(folder)
    try:
        facts = fields_of(inspect_folder(folder))
    except (AddError, OSError) as error:
        return {"state": State.FAILED, "error": str(error), "source": "folder"}
    files = record.get("files")
    hashed = content_hash(files) if isinstance(files, dict) and is_hashed(files) else ""
    source = "package" if "package" in record else "folder"
    origin = str(record.get("source", ""))[:1000]
    return {**facts, "source": source, "origin": origin, "content_hash": hashed}


def fields_of(facts: Facts) -> dict[str, Any]:
    return {**vars(facts), "state": State.READY, "error": ""}


def provenance(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / PROVENANCE).read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def is_hashed(files: dict[str, Any]) -> bool:
    return all(isinstance(f, dict) and isinstance(f.get("sha256"), str) for f in files.values())


def _file(name: str, folder: Path, fields: dict[str, Any]) -> None:
    """A row for a folder; where another process was quicker, its row stands."""
    try:
        with transaction.atomic():
            ModelVersion.objects.create(name=name, path=relative(folder), **fields)
    except IntegrityError:
        return


def _file_adapters(found: dict[str, Path]) -> None:
    for name, folder in found.items():
        base = ModelVersion.objects.known().filter(name=name.partition(":")[0]).first()
        if base is not None:
            _file(name, folder, {**adapter_fields(folder), "base": base, "parent": base})


def adapter_fields(folder: Path) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": ModelVersion.Kind.ADAPTER, "source": "folder"}
    try:
        weights = Weights()
        for tensor in tensors(folder / ADAPTER_WEIGHTS):
            weights.add(tensor)
        config = json.loads((folder / ADAPTER_CONFIG).read_text())
        architecture = str(config.get("peft_type", ""))[:200]
        digest = file_sha256(folder / ADAPTER_WEIGHTS)
    except (AddError, OSError, ValueError, AttributeError, RecursionError) as error:
        reason = str(error) or "Its files can't be read."
        return {**fields, "state": State.FAILED, "error": reason}
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return {
        **fields,
        "architecture": architecture,
        "parameters": weights.parameters,
        "dtype": weights.dtype,
        "size_bytes": size,
        "content_hash": digest,
    }


def _mark_missing(rows: Any, found: dict[str, Path]) -> None:
    """Conditional, so that what is being removed or added meanwhile keeps its state."""
    for version in rows:
        there = version.name in found
        if version.state == State.READY and not there:
            _move(version, State.READY, State.MISSING)
        elif version.state == State.MISSING and there:
            _move(version, State.MISSING, State.READY)


def _move(version: ModelVersion, before: str, after: str) -> None:
    ModelVersion.objects.filter(pk=version.pk, state=before).update(state=after)
