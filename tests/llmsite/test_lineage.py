"""The one graph over all rooms: an answer is found in the model's lineage, and by nobody else."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.access import LABELER, TRAINER
from accounts.models import User
from chat.models import Conversation, Message
from evaluation.models import EvaluationRun, Score
from feedback.models import Annotation, Labeler
from feedback.rules.pairs import Ranking
from feedback.services import chat_votes
from feedback.services.chat_votes import Asked, Vote
from feedback.services.tasks import NewAnswer
from llmkit.lineage import Ref, ref
from llmsite.lineage import SIBLINGS, Graph, graph
from llmsite.lineage_picture import depths, picture
from tests.chat.conftest import begin, say, talk
from tests.conftest import joined
from training.models import DatasetVersion, Job, ModelVersion, TrainingData, TrainingJob
from training.services import datasets

pytestmark = [pytest.mark.django_db, pytest.mark.both]
PAIR = {"messages": [{"role": "user", "content": "Hi"}], "chosen": "Hello", "rejected": "No"}


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.MODELS_DIR = tmp_path / "models"


@pytest.fixture
def trainer(owner: User) -> User:
    person = joined(owner, "trainer")
    person.groups.add(*(Group.objects.get_or_create(name=n)[0] for n in (TRAINER, LABELER)))
    return person


class Story:
    """The trainer's vote on two answers of `base`, frozen, trained on, measured."""

    def __init__(self, trainer: User) -> None:
        self.base = ModelVersion.objects.create(name="base", source="folder")
        conversation = Conversation.objects.create(owner=trainer, model="base")
        asked, self.answer = talk(conversation, "Say hello", "Hello")
        self.other = say(conversation, "assistant", "No", asked)
        for message in (self.answer, self.other):
            begin(message, model="base", state="done")
        self.vote = cast(trainer, self.answer, self.other)
        self.data = frozen(trainer, [self.vote.pk])
        self.adapter = ModelVersion.objects.create(
            name="base:kind", kind="adapter", source="run", base=self.base, parent=self.base
        )
        self.job = TrainingJob.objects.create(
            owner=trainer, name="kind", method="dpo", model=self.base, produced=self.adapter
        )
        TrainingData.objects.create(job=self.job, version=self.data, place=0)
        self.measured = EvaluationRun.objects.create(
            owner=trainer,
            name="week 1",
            model=self.adapter,
            subject="base:kind",
            matter="cola",
            convention="c",
            state=Job.State.DONE,
        )
        Score.objects.create(
            run=self.measured,
            task="cola",
            measure="accuracy",
            main=True,
            value=0.5,
            n=10,
            signature="s",
        )

    def refs(self) -> dict[str, Ref]:
        return {
            "base": ref("model", self.base.pk),
            "answer": ref("message", self.answer.pk),
            "task": ref("task", self.vote.task_id),
            "vote": ref("annotation", self.vote.pk),
            "data": ref("dataset", self.data.pk),
            "run": ref("run", self.job.pk),
            "adapter": ref("model", self.adapter.pk),
            "score": ref("evaluation", self.measured.pk),
        }


def cast(user: User, *answers: Message) -> Annotation:
    given = [NewAnswer(a.text, {"message": a.pk, "model": "base"}) for a in answers]
    asked = Asked("turn:1", [{"role": "user", "content": "Say hello"}])
    vote = Vote(Ranking(2, ((0,), (1,))))
    return chat_votes.cast(user=user, asked=asked, answers=given, vote=vote, key="1")


def frozen(by: User, annotations: list[int]) -> DatasetVersion:
    source = {"project": chat_votes.project().pk, "annotations": annotations}
    return datasets.freeze(
        name="liked",
        kind="preference",
        files={"pairs.train.jsonl": [PAIR]},
        source=source,
        report={},
        made_by=by,
    )


@pytest.fixture
def story(trainer: User) -> Story:
    return Story(trainer)


def found(start: Ref, user: User) -> Graph:
    made = graph(start, user)
    assert made is not None
    return made


def test_a_score_leads_back_to_the_answer_and_the_answer_to_the_score(
    story: Story, trainer: User
) -> None:
    refs = story.refs()
    chain = ["base", "answer", "task", "vote", "data", "run", "adapter", "score"]
    links = list(pairwise(chain))
    for end in ("answer", "score"):
        made = found(refs[end], trainer)
        for parent, child in links:
            assert (refs[parent], refs[child]) in made.links, (end, parent, child)
    made = found(refs["score"], trainer)
    assert (refs["base"], refs["run"]) in made.links
    assert (refs["base"], refs["adapter"]) not in made.links
    depth = depths(made)
    assert [depth[refs[name]] for name in chain] == list(range(8))
    assert made.nodes[refs["score"]].name == "cola accuracy 0.5"


def test_a_renamed_model_is_still_what_wrote_the_answer(story: Story, trainer: User) -> None:
    story.base.former_names.create(name="base")
    ModelVersion.objects.filter(pk=story.base.pk).update(name="vixen")
    made = found(story.refs()["answer"], trainer)
    assert [node.name for node in made.above(story.refs()["answer"])] == ["vixen"]


def test_a_stranger_meets_neither_node_nor_name(
    story: Story, member: User, signed_in: Callable[[User], Client]
) -> None:
    refs, client = story.refs(), signed_in(member)
    assert set(found(refs["adapter"], member).nodes) == {refs["adapter"], refs["base"]}
    for name, one in refs.items():
        answer = client.get(f"/lineage/{one.kind}/{one.key}/")
        assert answer.status_code == (200 if one.kind == "model" else 404), name
        assert not {"liked", "Say hello", "week 1"} & set(answer.content.decode().split("<"))
        assert "liked, version 1" not in answer.content.decode()


@pytest.mark.parametrize("address", ["model/x", "run/12", "owl/1", "task/99999999999999999999"])
def test_an_address_that_is_none_is_not_found(
    address: str, member: User, signed_in: Callable[[User], Client]
) -> None:
    assert signed_in(member).get(f"/lineage/{address}/").status_code == 404


def test_hundreds_of_annotations_are_counted_and_cost_no_more_queries(
    story: Story, trainer: User, signed_in: Callable[[User], Client]
) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        found(story.refs()["adapter"], trainer)
    labelers = Labeler.objects.bulk_create(
        Labeler(project=chat_votes.project(), kind="imported", name=f"a{n}") for n in range(300)
    )
    said = Annotation.objects.bulk_create(
        Annotation(
            key=f"k{n}",
            task=story.vote.task,
            labeler=labeler,
            candidate_set=story.vote.candidate_set,
            source="import",
        )
        for n, labeler in enumerate(labelers)
    )
    version = frozen(trainer, [story.vote.pk, *(one.pk for one in said)])
    TrainingData.objects.create(job=story.job, version=version, place=1)
    with CaptureQueriesContext(connection) as many:
        made = found(story.refs()["adapter"], trainer)
    assert len(many) <= len(few) + 3
    [more] = [one for one in made.more if one.of == ref("dataset", version.pk)]
    assert more.count == 301 - SIBLINGS
    drawn = picture(made)
    assert len(drawn.boxes) == len(made.nodes) + len(made.more)
    shown = signed_in(trainer).get(f"/lineage/model/{story.adapter.pk}/").content.decode()
    assert "295 more annotations" in shown
    assert f"/feedback/chat/pairs/versions/{version.pk}/" in shown
