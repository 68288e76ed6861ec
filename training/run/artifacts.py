"""What a run made, whole or not there."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.run import checkpoints, several
from training.run.work import Work


@contextmanager
def writing(work: Work) -> Iterator[Path]:
    """A folder to fill; it becomes the artifact when the block ends without an error.

    Of several processes the main one's counts.
    """
    building = work.folder.path / (".artifact" if several.is_main() else f".rank-{several.rank()}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        yield building
        if several.is_main():
            checkpoints.seal(building)
            shutil.rmtree(work.folder.artifact, ignore_errors=True)
            building.rename(work.folder.artifact)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def save_tuned(model: Any, tokenizer: Any, folder: Path, base: str) -> None:
    """An adapter as PEFT saves it, under the base's public name; or a whole model."""
    model.save_pretrained(str(folder), safe_serialization=True)
    config = folder / "adapter_config.json"
    if config.is_file():
        found = json.loads(config.read_text())
        config.write_text(json.dumps(found | {"base_model_name_or_path": base}, indent=2))
        (folder / "README.md").unlink(missing_ok=True)
    else:
        tokenizer.save_pretrained(str(folder))
