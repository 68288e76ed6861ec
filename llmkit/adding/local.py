"""A model from this machine: a folder that is copied, or a GGUF file that is made dense."""

import shutil
from pathlib import Path

from llmkit.adding.errors import AddError
from llmkit.adding.files import listed, wanted
from llmkit.adding.inspecting import checked_config
from llmkit.adding.licences import proper
from llmkit.adding.request import Progress, Report
from llmkit.adding.space import require_disk, require_memory
from llmkit.adding.watching import growth_of
from llmkit.gguf import unpack_gguf

DENSE_BYTES = 2
WHILE_CONVERTING = 3


def copy(source: Path, folder: Path, report: Report) -> None:
    """The model's files, so that what happens to `source` later harms nothing."""
    if not source.is_dir():
        raise AddError(f"There is no folder {source} on the server.")
    names = wanted(listed(source))
    checked_config(source)
    size = sum((source / name).stat().st_size for name in names)
    require_disk(folder, size)
    with growth_of(folder, "Copying", size, report):
        for name in names:
            shutil.copyfile(source / name, folder / name)


def convert(gguf: Path, folder: Path, report: Report) -> None:
    """A GGUF file as a plain folder in bfloat16. It must lie alone in its folder, for the model
    library also reads what lies beside it."""
    report(Progress("Reading the file"))
    size = dense_bytes(gguf)
    require_disk(folder, size)
    require_memory(size * WHILE_CONVERTING)
    with growth_of(folder, "Converting", size, report):
        try:
            unpack_gguf(gguf, folder)
        except OSError as error:
            if error.errno:
                raise
            raise unreadable(error) from error
        except Exception as error:
            raise unreadable(error) from error


def dense_bytes(gguf: Path) -> int:
    """What the weights take once they are unpacked; AddError for a file that is no model."""
    if not gguf.is_file():
        raise AddError("There is no such file on the server.")
    with gguf.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise AddError("This is not a GGUF file, or its beginning is damaged.")
    try:
        return read_header(gguf)
    except AddError:
        raise
    except Exception as error:
        raise AddError("This GGUF file is cut short or damaged. Get a whole copy.") from error


def read_header(gguf: Path) -> int:
    from gguf import GGUFReader

    reader = GGUFReader(gguf)
    parts = reader.get_field("split.count")
    if parts is not None and int(parts.contents()) > 1:
        raise AddError("This GGUF file is one of several parts. Join them first, then add it.")
    if reader.get_field("tokenizer.ggml.model") is None:
        raise AddError("This GGUF file has no tokenizer, without which no text can be read.")
    return sum(int(tensor.n_elements) for tensor in reader.tensors) * DENSE_BYTES


def gguf_licence(gguf: Path) -> str:
    from gguf import GGUFReader

    named = GGUFReader(gguf).get_field("general.license")
    return proper(str(named.contents())) if named else ""


def unreadable(error: Exception) -> AddError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return AddError(f"This GGUF file can't be converted: {reason}")
