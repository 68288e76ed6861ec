"""A model from the Hugging Face hub, or from a mirror of it that HF_ENDPOINT names.

Small files come first, so that what must be refused is refused before the weights are fetched.
A folder that an interrupted fetch left is gone on with.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmkit.adding.errors import AddError
from llmkit.adding.files import CONFIG, WEIGHTS, require_safe, wanted
from llmkit.adding.inspecting import checked_config
from llmkit.adding.request import Report
from llmkit.adding.space import require_disk
from llmkit.adding.watching import bytes_in, growth_of

ANSWER_SECONDS = 15
Take = Callable[[list[str]], list[str]]


@dataclass(frozen=True)
class HubFile:
    """`sha256` is known for large files only."""

    name: str
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class Plan:
    """The files to fetch, at one commit, so that they belong together."""

    repo: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def fetch(repo: str, revision: str, folder: Path, report: Report, *, take: Take = wanted) -> Plan:
    """Bring the model's files into `folder`; `take` says which, or refuses them."""
    with hub_errors(repo):
        found = plan(repo, revision, take)
    forget_others(folder, found)
    require_disk(folder, max(0, found.size - bytes_in(folder)))
    small = [file for file in found.files if not WEIGHTS.fullmatch(file.name)]
    large = [file for file in found.files if WEIGHTS.fullmatch(file.name)]
    with growth_of(folder, "Downloading", found.size, report), hub_errors(repo):
        for file in small:
            download(found, file, folder)
        if (folder / CONFIG).exists():
            checked_config(folder)
        for file in large:
            download(found, file, folder)
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return found


def forget_others(folder: Path, found: Plan) -> None:
    """Of an earlier attempt only what still belongs to the model is gone on with."""
    names = {file.name for file in found.files}
    for path in folder.iterdir():
        if path.is_file() and path.name not in names:
            path.unlink()


def plan(repo: str, revision: str, take: Take = wanted) -> Plan:
    from huggingface_hub import HfApi

    info = HfApi(endpoint=address()).model_info(
        repo, revision=revision or None, files_metadata=True, timeout=ANSWER_SECONDS
    )
    by_name = {s.rfilename: s for s in info.siblings or []}
    require_safe(by_name)
    # Folders below hold the same model for other programs; they are not taken.
    names = take([name for name in by_name if "/" not in name])
    return Plan(repo, str(info.sha), tuple(described(by_name[name]) for name in names))


def described(sibling: Any) -> HubFile:
    lfs = sibling.lfs
    return HubFile(sibling.rfilename, int(sibling.size or 0), str(lfs.sha256) if lfs else "")


def download(found: Plan, file: HubFile, folder: Path) -> None:
    from huggingface_hub import hf_hub_download

    hf_hub_download(
        found.repo, file.name, revision=found.commit, local_dir=folder, endpoint=address()
    )


def address() -> str | None:
    """A mirror's address, None for the hub itself."""
    return os.environ.get("HF_ENDPOINT") or None


OTHERWISE = "add the model as a folder or a GGUF file"


@contextmanager
def hub_errors(repo: str, thing: str = "model", otherwise: str = OTHERWISE) -> Iterator[None]:
    """The hub library's errors as sentences for people; `otherwise` is what else one can do."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise AddError(
            f"{repo} is given only to people who accepted its terms. Accept them on the hub and "
            "set HF_TOKEN where the worker runs."
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise AddError(
            f"The hub has no {thing} called {repo}, or it is private. "
            f"Names look like owner/{thing}."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise AddError(f"{repo} has no such version. Leave it empty for the newest.") from error
    except errors.OfflineModeIsEnabled as error:
        raise AddError(
            f"The hub is switched off here by HF_HUB_OFFLINE. Unset it, or {otherwise}."
        ) from error
    except AddError:
        raise
    except Exception as error:
        raise unreachable(error, otherwise) from error


def unreachable(error: Exception, otherwise: str) -> AddError:
    """A full disk stays what it is; anything else is the network or the hub itself."""
    if isinstance(error, OSError) and error.errno and not hasattr(error, "response"):
        raise error
    status = getattr(getattr(error, "response", None), "status_code", None)
    problem = f"answered with an error ({status})" if status else "can't be reached"
    return AddError(f"The hub {problem}. Check the network and try again, or {otherwise}.")
