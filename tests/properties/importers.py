"""Every importer of the site, each with a file that it takes."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accounts.models import User
from chat import template_text
from chat.services import prompt_templates, transfer
from chat.transfer.reading import TransferError
from evaluation import benchmarks
from evaluation.benchmarks import BenchmarkError, bringing
from evaluation.services import scoring_files
from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring_files import Columns
from feedback.models import Project
from feedback.services.batches import making
from feedback.services.errors import FeedbackError
from feedback.services.imports import import_preferences
from llmkit.adding import adapters
from llmkit.adding.errors import AddError
from llmkit.adding.inspecting import inspect_folder
from llmkit.adding.local import dense_bytes
from llmkit.adding.request import Progress
from llmkit.adding.weights import tensors
from llmkit.documents.child import READERS, report
from llmkit.prompts import PromptTemplateError
from llmsite.backups import restoring
from llmsite.backups.shape import DUMP, FILES, MANIFEST, BackupError, Manifest
from tests.files import pdf_file, word_file
from training.preparing.building import build
from training.preparing.looking import look
from training.preparing.request import UPLOAD, Choices, Request, Splits
from training.services.errors import RunsError
from training.services.runs import files
from training.tables import TableError, open_table

Take = Callable[[Path], object]
REFUSALS = (
    AddError,
    BackupError,
    BenchmarkError,
    EvaluationsError,
    FeedbackError,
    PromptTemplateError,
    RunsError,
    TableError,
    TransferError,
)


@dataclass(frozen=True)
class Importer:
    """`file` is one that it takes, `name` what its owner calls it."""

    name: str
    file: bytes
    take: Take


def quiet(progress: Progress) -> None:
    """Nobody is told how far it is."""


def lines(*found: Mapping[str, Any]) -> bytes:
    return "\n".join(map(json.dumps, found)).encode()


TALK = {
    "title": "Foxes",
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
}
SHAREGPT = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}
HH = {"chosen": "\n\nHuman: Hi\n\nAssistant: Ho", "rejected": "\n\nHuman: Hi\n\nAssistant: No"}
OASST = {
    "message_tree_id": "1",
    "tree_state": "ready_for_export",
    "prompt": {
        "message_id": "1",
        "text": "Hi",
        "role": "prompter",
        "replies": [
            {"message_id": "2", "text": "Ho", "role": "assistant", "rank": 0, "replies": []},
            {"message_id": "3", "text": "No", "role": "assistant", "rank": 1, "replies": []},
        ],
    },
}
RANKED = {
    "task": "t1",
    "prompt": "Sky?",
    "candidates": [{"text": "blue"}, {"text": "green"}],
    "annotator": "ada",
    "tiers": [[0], [1]],
}
TEMPLATE = (
    b"name: Ask\nfields:\n- name: question\n  label: Question\ninput_format: 'Q: {question}'\n"
)
SETTINGS = b"name: sums\nmodel: fox\nmax_steps: 10\npeft: {kind: lora, rank: 8}\n"
TABLE = b'a,b\n1,"x, y"\n2,z\n'
OUTPUTS = b"reference,good\nyes,yes\nno,yes\n"
PROMPTS = b"prompt,id,priority\nSay hello,1,0\nSay bye,2,1\n"
MODEL = {
    "config.json": b'{"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 64}',
    "tokenizer.json": b"{}",
    "README.md": b"---\nlicense: mit\n---\n",
}
ADAPTER = {"peft_type": "LORA", "r": 2, "target_modules": ["lm_head"]}
ROWS = (
    {"prompt": "Hi", "chosen": "Ho", "rejected": "No", "completion": "Ho", "text": "A fox"},
    {"prompt": "Why?", "chosen": "So", "rejected": "Oh", "completion": "So", "text": "A hen"},
)
SQUAD = {"question": "What is 2 + 2?", "answer": "2 + 2 = 4\n#### 4"}


def parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    written = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2], "b": ["x", "y"]}), written)
    return written.getvalue()


def weights() -> bytes:
    """A safetensors file of one tensor: the header's length, the header, the numbers."""
    told = {"lm_head.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    header = json.dumps(told).encode()
    return len(header).to_bytes(8, "little") + header + bytes(16)


def gguf() -> bytes:
    """Small, for its reader walks over every token."""
    import numpy
    from gguf import GGUFWriter

    with tempfile.TemporaryDirectory() as folder:
        writer = GGUFWriter(Path(folder, "fox.gguf"), "llama")
        writer.add_license("mit")
        writer.add_tensor("output_norm.weight", numpy.ones(4, numpy.float32))
        for write in ("header", "kv_data", "tensors"):
            getattr(writer, f"write_{write}_to_file")()
        writer.close()
        return Path(folder, "fox.gguf").read_bytes()


def backup() -> bytes:
    """With its parts, as far as unpacking goes."""
    written = io.BytesIO()
    files = {f"{FILES}uploads/a": b"a", DUMP: b"rows"}
    told = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    manifest = Manifest("sqlite", "now", {}, with_models=False, files=told)
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name, data in (*files.items(), (MANIFEST, manifest.as_bytes())):
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return written.getvalue()


@dataclass(frozen=True)
class Here:
    """Where and for whom what is taken would lie."""

    project: Project
    owner: User
    folder: Path

    def conversations(self, path: Path) -> None:
        transfer.import_file(owner=self.owner, data=path.read_bytes())

    def template(self, path: Path) -> None:
        text = path.read_bytes().decode("utf-8", "replace")
        name, about, spec = template_text.imported(text)
        prompt_templates.create_template(owner=self.owner, name=name, description=about, spec=spec)

    def rankings(self, form: str) -> Take:
        return lambda path: import_preferences(project=self.project, path=path, format_name=form)

    def prompts(self, path: Path) -> None:
        data = path.read_bytes()
        making.draft(project=self.project, name=path.name, content=data, by=self.owner)

    def benchmark(self, name: str) -> Take:
        task = benchmarks.task(name)
        return lambda path: bringing.bring(task, task.split, [path], self.folder / "benchmarks")


def table(path: Path) -> None:
    list(open_table(path, path.name).rows)


def outputs(path: Path) -> None:
    scoring_files.columns_in(path, path.name)
    scoring_files.read(path, path.name, Columns(("reference",), {"good": "good"}))


def document(kind: str) -> Take:
    def take(path: Path) -> None:
        with path.open("rb") as file:
            report(file, kind)

    assert kind in READERS
    return take


def dataset(path: Path) -> None:
    """As every kind that its columns could be."""
    work = fresh(path, ".work")
    (work / UPLOAD).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, work / UPLOAD)
    request = Request(str(work), path.name)
    for kind, mapping in look(request, quiet)["suggested"].items():
        build(replace(request, choices=Choices(kind, mapping, Splits())), quiet)


def model(part: str) -> Take:
    def take(path: Path) -> None:
        folder = fresh(path, ".model")
        for name, data in {**MODEL, "model.safetensors": weights()}.items():
            (folder / name).write_bytes(data)
        shutil.copy(path, folder / part)
        inspect_folder(folder)

    return take


def adapter(part: str) -> Take:
    def take(path: Path) -> None:
        folder = fresh(path, ".adapter")
        (folder / adapters.CONFIG).write_text(json.dumps(ADAPTER))
        (folder / adapters.WEIGHTS).write_bytes(weights())
        shutil.copy(path, folder / part)
        adapters.read_json(folder / adapters.CONFIG)
        list(tensors(folder / adapters.WEIGHTS))

    return take


def restored(path: Path) -> None:
    restoring.unpack(path, fresh(path, ".unpacked"))


def fresh(path: Path, ending: str) -> Path:
    folder = path.with_suffix(ending)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def importers(here: Here) -> Sequence[Importer]:
    return [*of_people(here), *of_rows(here), *of_documents(), *of_models()]


def of_people(here: Here) -> Sequence[Importer]:
    return [
        Importer("talk.json", json.dumps(TALK).encode(), here.conversations),
        Importer("talk.jsonl", lines(SHAREGPT, TALK), here.conversations),
        Importer("template.yaml", TEMPLATE, here.template),
        Importer("hh.jsonl", lines(HH), here.rankings("hh-rlhf")),
        Importer("oasst.jsonl", lines(OASST), here.rankings("oasst")),
        Importer("ranked.jsonl", lines(RANKED), here.rankings("annotations")),
        Importer("prompts.csv", PROMPTS, here.prompts),
        Importer("prompts.jsonl", lines({"prompt": "Hi"}, TALK), here.prompts),
    ]


def of_rows(here: Here) -> Sequence[Importer]:
    return [
        Importer("rows.csv", TABLE, table),
        Importer("rows.jsonl", lines({"a": 1, "b": "x"}, {"a": 2}), table),
        Importer("rows.json", json.dumps([{"a": 1}, {"a": 2}]).encode(), table),
        Importer("rows.jsonl.gz", gzip.compress(lines({"a": 1}), mtime=0), table),
        Importer("rows.parquet", parquet(), table),
        Importer("outputs.csv", OUTPUTS, outputs),
        Importer("gsm8k.jsonl", lines(SQUAD), here.benchmark("gsm8k")),
        Importer("known.jsonl", lines(*ROWS), dataset),
    ]


def of_documents() -> Sequence[Importer]:
    return [
        Importer("a.pdf", pdf_file("Hello"), document("pdf")),
        Importer("a.docx", word_file(), document("docx")),
        Importer("a.txt", b"Hello", document("txt")),
        Importer("run.yaml", SETTINGS, files.settings_in),
        Importer("run.json", b'{"name": "sums", "max_steps": 10}', files.settings_in),
        Importer("site.tar.gz", backup(), restored),
    ]


def of_models() -> Sequence[Importer]:
    return [
        Importer("config.json", MODEL["config.json"], model("config.json")),
        Importer("tokenizer_config.json", b"{}", model("tokenizer_config.json")),
        Importer("model.safetensors", weights(), model("model.safetensors")),
        Importer("adapter_config.json", json.dumps(ADAPTER).encode(), adapter(adapters.CONFIG)),
        Importer("adapter_model.safetensors", weights(), adapter(adapters.WEIGHTS)),
        Importer("fox.gguf", gguf(), dense_bytes),
    ]
