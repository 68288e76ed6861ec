"""One thing of every kind, all of them the maker's, and what addresses call them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import services as accounts
from accounts.models import Notification, User
from api.services import make_key
from chat.models import Attachment, Comparison, Conversation, Document, Preset
from chat.services import comparisons, prompt_templates
from chat.services.comparisons import Setup
from evaluation.models import EvaluationRun
from evaluation.run import samples
from feedback.models import Batch, Doubting, Freezing, Import, ImportJob
from feedback.services import labeling, projects, snapshots
from feedback.services.batches.answers import Column
from feedback.services.labeling import claims
from feedback.services.red_team import dialogue, setup
from lifecycle.models import Rehearsal
from llmkit.types import GenerationSettings
from tests.access.people import Person
from tests.chat.conftest import begin, talk
from tests.feedback.test_project_pages import rank, task_in
from training.models import (
    Addition,
    Dataset,
    DatasetAddition,
    Endpoint,
    Job,
    ModelVersion,
    Recipe,
    Sweep,
    TrainingJob,
)
from training.services import datasets
from training.services.runs.child import OUTPUT

Values = dict[str, Any]
# What somebody may have called their things: a page that shows it as it is runs it.
EVIL = "<script>alert(1)</script>"
SPEC = {"fields": [{"name": "question", "label": "Question"}], "input_format": "Q: {question}"}


NOBODY = "http://127.0.0.1:9"


def alone_in(folder: Path, settings: Settings) -> None:
    """The site keeps all files there, and no engine answers it."""
    settings.DATA_DIR, settings.UPLOADS_DIR = folder, folder / "uploads"
    settings.MODELS_DIR = folder / "models"
    settings.ENGINE_URLS = [NOBODY]


def world_of(people: Mapping[str, Person]) -> "World":
    maker, member = people["maker"].user, people["member"].user
    assert maker and member
    return World(maker, member)


class World:
    """`values(name, wanted)` fills an address's parameters. `other` is somebody whom an admin may
    do something to."""

    def __init__(self, maker: User, other: User) -> None:
        self.maker, self.other = maker, other
        self.by_room: dict[str, Values] = {}
        self.sent: dict[str, str] = {}
        self.by_name: dict[str, Values] = {}
        rooms = (self.chat, self.models, self.feedback, self.data, self.training, self.accounts)
        for make in (*rooms, self.put_away, self.files):
            make()

    def things(self, name: str) -> list[str]:
        """What an address is tried with: mostly one thing, which is called as the address is."""
        several = [called for called in self.by_name if called.startswith(f"{name}:")]
        return several or [name]

    def values(self, name: str, wanted: list[str]) -> Values:
        room = name.partition(":")[0]
        known = self.by_room.get(room, {}) | self.by_name.get(name, {})
        return {each: known[each] for each in wanted}

    def chat(self) -> None:
        conversation = Conversation.objects.create(owner=self.maker, title=f"Foxes {EVIL}")
        asked, answer = talk(conversation, f"Tell me {EVIL}", f"They {EVIL} sleep.")
        begin(answer, state="done")
        document = Document.objects.create(
            owner=self.maker, name=f"{EVIL}.txt", kind="text", size=3, words=1, text=EVIL
        )
        Attachment.objects.create(message=asked, document=document)
        comparison = comparisons.start(owner=self.maker, setups=[Setup(), Setup(), Setup()])
        template = prompt_templates.create_template(owner=self.maker, name=EVIL, spec=SPEC)
        self.conversation, self.comparison = conversation, comparison
        self.by_room["chat"] = {
            "conversation_id": conversation.pk,
            "message_id": answer.pk,
            "position": 0,
            "token": 0,
            "document_id": document.pk,
            "template_id": template.pk,
            "comparison_id": comparison.pk,
            "column_id": comparisons.columns_of(comparison)[0].pk,
        }
        preset = Preset.objects.create(owner=self.maker, name=EVIL, settings={})
        for name in ("apply-preset", "delete-preset", "new-apply-preset", "new-delete-preset"):
            self.sent[f"chat:{name}"] = f"preset={preset.pk}"
        for name in ("apply-suggested", "new-apply-suggested"):
            self.sent[f"chat:{name}"] = f"template={template.latest.pk}"
        self.by_name["chat:file"] = {"message_id": asked.pk}
        self.by_name["lineage:message"] = {"kind": "message", "key": answer.pk}

    def models(self) -> None:
        version = ModelVersion.objects.create(
            name="fox",
            kind="base",
            source="folder",
            path="models/fox",
            notes=EVIL,
            added_by=self.maker,
        )
        arriving = ModelVersion.objects.create(
            name="cub", kind="base", source="gguf", state="adding", added_by=self.maker
        )
        upload = Addition.objects.create(
            version=arriving,
            source="gguf",
            origin="cub.gguf",
            uploaded=True,
            state=Job.State.RECEIVING,
            total_bytes=9,
            started_by=self.maker,
        )
        endpoint = Endpoint.objects.create(
            name=EVIL, url="http://127.0.0.1:9/v1", enabled=False, added_by=self.maker
        )
        self.version = version
        self.by_room["models"] = {"pk": version.pk, "job": upload.pk, "at": 0, "way": "hub"}
        for name in ("endpoint", *(f"endpoint-{act}" for act in ("check", "on", "off", "delete"))):
            self.by_name[f"models:{name}"] = {"pk": endpoint.pk}
        for name in ("cancel", "retry", "dismiss"):
            self.by_name[f"models:{name}"] = {"pk": arriving.pk}
        self.by_name["lineage:model"] = {"kind": "model", "key": version.pk}

    def feedback(self) -> None:
        project = projects.create(owner=self.maker, name=f"Kind {EVIL}", guidelines=EVIL)
        task, open_task = task_in(project), task_in(project, "t2")
        annotation = rank(task, self.maker)
        labeler = labeling.labeler_of(project=project, user=self.maker)
        claim = claims.claim(task=open_task, labeler=labeler)
        setup.choose(project=project, columns=[Column("fox", GenerationSettings(temperature=1))])
        attempt = dialogue.begin(project=project, user=self.maker, alias="Model A", goal=EVIL)
        mine = {"project": project, "started_by": self.maker}
        receiving = {"state": Job.State.RECEIVING, "total_bytes": 9}
        job = ImportJob.objects.create(format="hh-rlhf", file_name=EVIL, **receiving, **mine)
        done = Import.objects.create(
            project=project, format="hh-rlhf", file_name=EVIL, sha256="0", imported_by=self.maker
        )
        batch = Batch.objects.create(name=EVIL, state=Job.State.RECEIVING, **mine)
        failed = {"state": Job.State.FAILED, **mine}
        freezing = Freezing.objects.create(name=EVIL, recipe={}, **failed)
        doubting = Doubting.objects.create(judge=self.version, **failed)
        assert claim is not None
        self.project, self.frozen = project, snapshots.freeze(project=project, name="liked")
        Dataset.objects.update(owner=self.maker)
        self.by_room["feedback"] = {"slug": project.slug, "pk": task.pk, "number": 1, "at": 0}
        self.call("feedback", {"key": batch.pk}, "batch", *prefixed("batch", BATCH_ACTS))
        self.call("feedback", {"key": freezing.pk}, "freezing", "freezing-confirm")
        self.call("feedback", {"key": freezing.pk}, "freezing-cancel")
        self.call("feedback", {"key": doubting.pk}, "doubting-cancel")
        self.call("feedback", {"job": job.pk}, "import-piece", "import-cancel", "import-dismiss")
        self.call("feedback", {"pk": done.pk}, "import", *prefixed("import", IMPORT_ACTS))
        self.call("feedback", {"pk": attempt.pk}, "attempt", *prefixed("attempt", ATTEMPT_ACTS))
        self.call("feedback", {"pk": claim.pk}, *prefixed("rank", ("draft", "submit", "skip")))
        self.call("feedback", {"pk": annotation.assignment_id}, "rank-undo")
        self.call("feedback", {"pk": annotation.pk}, "void", "unvoid")
        self.call("feedback", {"pk": labeler.pk}, "labeler", "void-labeler", "unvoid-labeler")
        self.call("feedback", {"pk": self.frozen.pk}, "export", "frozen")
        self.by_name["lineage:task"] = {"kind": "task", "key": task.pk}
        self.by_name["lineage:annotation"] = {"kind": "annotation", "key": annotation.pk}

    def call(self, room: str, values: Values, *names: str) -> None:
        for name in names:
            self.by_name[f"{room}:{name}"] = values

    def data(self) -> None:
        """A dataset in two versions, the second of which left rows out."""
        by: dict[str, Any] = {
            "name": f"poems {EVIL}",
            "kind": "text",
            "source": {},
            "report": {},
            "made_by": self.maker,
        }
        for words in ("A fox", EVIL):
            self.poems = datasets.freeze(files={"rows.train.jsonl": [{"text": words}]}, **by)
        adding = DatasetAddition.objects.create(
            source="upload",
            origin=f"{EVIL}.jsonl",
            state=Job.State.RECEIVING,
            total_bytes=9,
            started_by=self.maker,
        )
        self.by_room["datasets"] = {
            "pk": self.poems.dataset_id,
            "number": 2,
            "name": "rows.train.jsonl",
            "job": adding.pk,
            "at": 0,
        }
        self.by_name["lineage:dataset"] = {"kind": "dataset", "key": self.poems.pk}

    def training(self) -> None:
        mine = {"owner": self.maker, "method": "sft"}
        run = TrainingJob.objects.create(
            name=EVIL, notes=EVIL, model=self.version, state=Job.State.FAILED, **mine
        )
        sweep = Sweep.objects.create(name=EVIL, **mine)
        recipe = Recipe.objects.create(name=EVIL, **mine)
        about: dict[str, Any] = {
            "owner": self.maker,
            "model": self.version,
            "subject": "fox",
            "matter": "cola",
            "convention": "c",
            "state": Job.State.DONE,
        }
        measured = EvaluationRun.objects.create(name=EVIL, **about)
        removed = EvaluationRun.objects.create(name="old", **about)
        measured.scores.create(
            task="cola", measure="accuracy", main=True, value=0.5, n=10, signature="s"
        )
        rehearsal = Rehearsal.objects.create(
            owner=self.maker, number=1, size="quick", state=Job.State.FAILED
        )
        self.by_room["training"] = {"pk": run.pk, "name": "sft"}
        self.call("training", {"pk": sweep.pk}, "sweep", "stop-sweep")
        self.call("training", {"pk": recipe.pk}, "delete-recipe")
        self.by_room["evaluation"] = {
            "pk": measured.pk,
            "task": "cola",
            "name": "cola",
            "split": "validation",
        }
        self.call("evaluation", {"pk": removed.pk}, "remove")
        self.by_room["board"] = {"form": "csv"}
        self.by_room["rehearsals"] = {"pk": rehearsal.pk}
        self.run, self.measured = run, measured
        for kind, key in (("run", run), ("evaluation", measured)):
            self.by_name[f"lineage:{kind}"] = {"kind": kind, "key": key.pk}

    def put_away(self) -> None:
        """What can be brought back."""
        gone = {"deleted_at": timezone.now()}
        conversation = Conversation.objects.create(owner=self.maker, **gone)
        comparison = Comparison.objects.create(owner=self.maker, **gone)
        column = comparisons.columns_of(self.comparison)[2]
        comparisons.remove_column(column=column)
        project = projects.create(owner=self.maker, name="Old answers")
        projects.archive(project=project)
        version = ModelVersion.objects.create(
            name="old", source="folder", state="deleted", removed_at=timezone.now()
        )
        run = TrainingJob.objects.create(
            owner=self.maker, name="old", method="sft", model=version, removed_at=timezone.now()
        )
        self.call("chat", {"conversation_id": conversation.pk}, "restore")
        self.call("chat", {"comparison_id": comparison.pk}, "comparison-restore")
        self.call("chat", {"column_id": column.pk}, "column-restore")
        self.call("feedback", {"slug": project.slug}, "restore")
        self.call("models", {"pk": version.pk}, "restore")
        self.call("training", {"pk": run.pk}, "restore")

    def files(self) -> None:
        """What is downloaded, where it lies."""
        document = Document.objects.get()
        for path in (
            document.path,
            self.poems.folder / "refused.jsonl",
            self.measured.folder / OUTPUT,
            self.run.folder / OUTPUT,
            self.run.folder / "events.jsonl",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}\n")
        samples.write(self.measured.folder, "cola", [{"id": "1", "prompt": EVIL, "output": EVIL}])

    def accounts(self) -> None:
        key, _ = make_key(owner=self.maker, name=EVIL, scopes=["generate"], days=1, per_minute=60)
        invitation, token = accounts.create_invitation(created_by=self.maker, note=EVIL)
        link = accounts.password_link_parts(person=self.other, by=self.maker)
        self.by_room["api"] = {"pk": key.pk}
        self.by_room["accounts"] = {"pk": self.other.pk, "token": token}
        self.by_name["accounts:new-password"] = link
        self.by_name["accounts:revoke"] = {"pk": invitation.pk}
        told = Notification.objects.create(
            person=self.maker, key="1", outcome="done", what="Run", name=EVIL, said=EVIL, url="/"
        )
        self.by_room["notifications"] = {"pk": told.pk}
        whatever = dict.fromkeys(("object_id", "id", "content_type_id"), 1)
        self.by_room["admin"] = {"app_label": "training", **whatever}


def prefixed(prefix: str, acts: tuple[str, ...]) -> list[str]:
    return [f"{prefix}-{act}" for act in acts]


BATCH_ACTS = ("live", "estimate", "start", "cancel", "resume", "discard", "refused")
IMPORT_ACTS = ("refused", "ask", "withdraw", "bring-back")
ATTEMPT_ACTS = ("turns", "send", "ask-again", "stop", "finish", "give-up", "take-up", "fill")
