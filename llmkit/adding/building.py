"""From a request to a finished, checked folder that only has to be renamed into its place."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from llmkit.adding import adapters, hub, local
from llmkit.adding.errors import AddError
from llmkit.adding.files import PROVENANCE, wanted
from llmkit.adding.inspecting import inspect_folder
from llmkit.adding.request import Progress, Report, Request
from llmkit.adding.trying import require_usable
from llmkit.modelstore import file_sha256, flush_folder

MODEL = "model"


def build(request: Request, report: Report) -> dict[str, Any]:
    """The facts about the model that now lies in `work/model`. Raises AddError or OSError."""
    folder = Path(request.work) / MODEL
    if request.source != "hub":
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    more = BRING[request.source](request, folder, report)
    facts = checked(request, folder, report)
    hashes = hashed(folder, more.pop("expected"), report)
    facts |= {name: value for name, value in more.items() if value}
    write_provenance(folder, request, facts["licence"], hashes, str(facts.get("origin", "")))
    flush_folder(folder)
    return {**facts, "content_hash": content_hash(hashes)}


def checked(request: Request, folder: Path, report: Report) -> dict[str, Any]:
    """The facts about what lies there: a model, or an adapter for the base that is named."""
    if request.base and request.source != "merge":
        return adapters.checked(Path(request.base), folder, report)
    report(Progress("Checking"))
    facts = asdict(inspect_folder(folder))
    require_usable(folder)
    return facts


def from_hub(request: Request, folder: Path, report: Report) -> dict[str, Any]:
    take = adapters.wanted_of if request.base else wanted
    found = hub.fetch(request.origin, request.revision, folder, report, take=take)
    expected = {file.name: file.sha256 for file in found.files if file.sha256}
    return {"expected": expected, "origin": f"{found.repo}@{found.commit}"}


def from_folder(request: Request, folder: Path, report: Report) -> dict[str, Any]:
    copy = adapters.copy if request.base else local.copy
    copy(Path(request.origin), folder, report)
    return {"expected": {}}


def from_gguf(request: Request, folder: Path, report: Report) -> dict[str, Any]:
    gguf = Path(request.work) / "source" / "model.gguf"
    gguf.parent.mkdir(exist_ok=True)
    gguf.unlink(missing_ok=True)
    gguf.symlink_to(Path(request.origin).resolve())
    local.convert(gguf, folder, report)
    return {"expected": {}, "licence": local.gguf_licence(gguf)}


def from_merging(request: Request, folder: Path, report: Report) -> dict[str, Any]:
    from llmkit.merging import merge

    merge(Path(request.base), Path(request.origin), folder, report)
    return {"expected": {}}


BRING = {"hub": from_hub, "folder": from_folder, "gguf": from_gguf, "merge": from_merging}


def hashed(folder: Path, expected: Mapping[str, str], report: Report) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file. AddError where one is not what the hub says it is."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    total, done = sum(path.stat().st_size for path in paths), 0
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        report(Progress("Checking", done, total))
        size = path.stat().st_size
        found[path.name] = {"bytes": size, "sha256": file_sha256(path)}
        if expected.get(path.name, found[path.name]["sha256"]) != found[path.name]["sha256"]:
            raise AddError(f"{path.name} arrived damaged. Try again.")
        done += size
    return found


def content_hash(files: Mapping[str, Mapping[str, Any]]) -> str:
    """One hash for a folder: of the names and hashes of its files, but not of our own notes."""
    lines = [f"{name} {files[name]['sha256']}" for name in sorted(files) if name != PROVENANCE]
    return sha256("\n".join(lines).encode()).hexdigest()


def write_provenance(
    folder: Path, request: Request, licence: str, files: Mapping[str, Any], origin: str
) -> None:
    record = {
        "name": request.name,
        "source": origin or request.label or request.origin,
        "licence": licence,
        "job": request.job,
        "files": files,
    }
    (folder / PROVENANCE).write_text(json.dumps(record, indent=2) + "\n")
