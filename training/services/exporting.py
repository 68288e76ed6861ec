"""A version as a folder or a zip of safetensors, with a card written from its lineage.

Nothing is copied on the disk for a download: the zip is made while it is sent.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from accounts.models import User
from llmkit import cards
from llmkit.adding.files import CARD, PROVENANCE
from llmkit.modelstore import file_sha256
from training.models import ModelVersion
from training.services.errors import ModelsError
from training.version_story import Story, story_of

OURS = {PROVENANCE, "serving.json", "manifest.json"}
SUMS = "SHA256SUMS"
ADAPTER_CONFIG = "adapter_config.json"
PIECE = 1_000_000
MADE_HERE = (ModelVersion.Source.RUN, ModelVersion.Source.MERGE)
OLDEST = 20
EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Part:
    """A file of the export: as it lies on the disk, or as `text` that is written for it."""

    name: str
    path: Path | None = None
    text: bytes = b""

    def pieces(self) -> Iterator[bytes]:
        if self.path is None:
            yield self.text
            return
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def parts(version: ModelVersion, user: User | None = None) -> list[Part]:
    """What goes out; the card names only data that `user` may see, all of it for None.

    ModelsError where the version's files are not there.
    """
    if version.state != ModelVersion.State.READY or not version.folder.is_dir():
        raise ModelsError(f"{version.name} can't be exported now: its files are not there.")
    names = sorted(p.name for p in version.folder.iterdir() if p.is_file())
    kept = [name for name in names if name not in OURS and not name.startswith(".")]
    has_card = CARD in kept and version.source not in MADE_HERE
    found = [part(version, name) for name in kept if name != CARD or has_card]
    if not has_card:
        found.insert(0, Part(CARD, text=cards.written(card_of(version, user)).encode()))
    return found


def part(version: ModelVersion, name: str) -> Part:
    """An adapter's configuration names its base as other programs would find it."""
    path = version.folder / name
    if name != ADAPTER_CONFIG or version.base is None:
        return Part(name, path)
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelsError(f"{version.name} has a damaged {name}.") from error
    config["base_model_name_or_path"] = public_id(version.base)
    return Part(name, text=(json.dumps(config, indent=2) + "\n").encode())


def public_id(version: ModelVersion) -> str:
    """Its hub id where it came from there, else its name here."""
    if version.source in (ModelVersion.Source.HUB, ModelVersion.Source.PACKAGE):
        return version.origin.partition("@")[0].partition(",")[0] or version.name
    return version.name


def card_of(version: ModelVersion, user: User | None = None) -> cards.Card:
    """From the rows that its lineage consists of. A merged model tells its adapter's story."""
    told = version if version.kind != ModelVersion.Kind.MERGED else version.parent or version
    story = story_of(told, user)
    base = root_of(version)
    return cards.Card(
        name=version.name,
        kind=version.kind,
        base_id=public_id(base) if base is not None else "",
        licence=version.licence,
        architecture=version.architecture,
        parameters=version.parameters,
        method=story.method if story else "",
        way=story.way if story else "",
        settings=story.settings if story else {},
        data=data_of(story),
        measures=story.measures if story else {},
        steps=steps(version, user),
        notes=version.notes,
        tags=version.tags,
        content_hash=version.content_hash,
    )


def root_of(version: ModelVersion) -> ModelVersion | None:
    """The model that it sits on or that its weights began as."""
    if version.base is not None:
        return version.base
    line = ancestry(version)
    return line[0] if line else None


def ancestry(version: ModelVersion) -> list[ModelVersion]:
    """Its parents, the oldest first."""
    found: list[ModelVersion] = []
    parent = version.parent
    while parent is not None and len(found) < OLDEST:
        found.insert(0, parent)
        parent = parent.parent
    return found


def steps(version: ModelVersion, user: User | None) -> list[str]:
    return [step(one, user) for one in (*ancestry(version), version)]


def step(version: ModelVersion, user: User | None) -> str:
    name = f"`{version.name}`"
    if version.kind == ModelVersion.Kind.MERGED and version.parent is not None:
        return f"{name}: `{version.parent.name}` merged into its model's weights."
    story = story_of(version, user)
    if story is None:
        origin = public_id(version)
        where = f", from {origin}" if origin != version.name else ""
        return f"{name}: {version.get_source_display().lower()}{where}."
    data = ", ".join(f"{given.version}" for given in story.data)
    on = f" on {data}" if data else ""
    way = f", {story.way}" if story.way else ""
    return f"{name}: {story.method}{way}{on}, {story.job.step:,} steps."


def data_of(story: Story | None) -> tuple[cards.DataUsed, ...]:
    given = story.data if story else ()
    return tuple(
        cards.DataUsed(
            name=str(one.version),
            rows=one.version.rows,
            sha256=one.version.content_hash,
            licence=one.version.dataset.licence,
            kind=one.version.dataset.get_kind_display(),
        )
        for one in given
    )


class Sink:
    """What the zip is written to: it keeps the bytes until they are sent."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, data: bytes) -> int:
        self._kept += data
        return len(data)

    def flush(self) -> None:
        """Nothing lies between."""

    def taken(self) -> bytes:
        found = bytes(self._kept)
        self._kept.clear()
        return found


def zipped(version: ModelVersion, found: list[Part]) -> Iterator[bytes]:
    """The zip, piece by piece: weights are not compressed, for they would not shrink. The last
    file has the others' hashes, as `sha256sum -c` reads them."""
    sink, sums = Sink(), []
    with zipfile.ZipFile(cast(Any, sink), "w", zipfile.ZIP_STORED) as archive:
        for one in found:
            digest = hashlib.sha256()
            with archive.open(entry(version, one.name), "w", force_zip64=True) as member:
                for piece in one.pieces():
                    digest.update(piece)
                    member.write(piece)
                    yield sink.taken()
            sums.append(f"{digest.hexdigest()}  {one.name}\n")
        archive.writestr(entry(version, SUMS), "".join(sums))
    yield sink.taken()


def entry(version: ModelVersion, name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{file_name(version)}/{name}", EARLIEST)


def file_name(version: ModelVersion) -> str:
    return version.name.replace(":", "-")


def to_folder(version: ModelVersion, target: Path) -> None:
    """The same files in a folder that is not there yet. ModelsError where it can't be written."""
    found = parts(version)
    if target.exists():
        raise ModelsError(f"{target} exists already. Name a folder that does not.")
    try:
        target.mkdir(parents=True)
        for one in found:
            with (target / one.name).open("wb") as file:
                for piece in one.pieces():
                    file.write(piece)
        sums = [f"{file_sha256(target / one.name)}  {one.name}\n" for one in found]
        (target / SUMS).write_text("".join(sums))
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ModelsError(f"{target} can't be written ({error.strerror}).") from error


def to_zip(version: ModelVersion, target: Path) -> None:
    found = parts(version)
    if target.exists():
        raise ModelsError(f"{target} exists already. Name a file that does not.")
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            for piece in zipped(version, found):
                file.write(piece)
        partial.rename(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ModelsError(f"{target} can't be written ({error.strerror}).") from error
