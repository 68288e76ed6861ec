"""The reward lens: a real engine scores answers, and what the person said stands beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts.models import User
from chat.models import Conversation, Message, RewardLens, RewardScore
from chat.services import contests, reward_lens, votes
from chat.services.context import ChatError
from chat.services.votes import Voter
from llmkit.client import EngineClient
from llmkit.engine import create_app
from llmkit.scoring import open_scorer
from llmkit.types import EngineError
from tests.chat.conftest import begin, say, talk
from tests.llmkit.running_engine import serving
from tests.tiny_model import TINY_MODEL, build_tiny_model
from tests.tiny_rewards import build_reward
from training.models import ModelVersion
from training.services import rewards

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = [{"role": "user", "content": "Hello"}]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a model and a reward model over it."""
    top = tmp_path_factory.mktemp("rewarding")
    base = build_tiny_model(top / "models" / TINY_MODEL)
    build_reward(base, top / "rewards" / "taste")
    return top


@pytest.fixture(scope="module")
def engine_url(folder: Path) -> Iterator[str]:
    with serving(create_app(folder / "models", dtype="float32")) as url:
        yield url


@pytest.fixture
def taste(engine_url: str, folder: Path, settings: Any) -> ModelVersion:
    settings.ENGINE_URLS, settings.DATA_DIR = [engine_url], folder
    settings.MODELS_DIR = folder / "models"
    base = ModelVersion.objects.create(name=TINY_MODEL, source="folder", path="models/tiny")
    return ModelVersion.objects.create(
        name="taste", kind="reward", source="run", base=base, parent=base, path="rewards/taste"
    )


@pytest.fixture
def answers(conversation: Conversation) -> list[Message]:
    """Two answers to one turn."""
    asked, first = talk(conversation, "Hello", "Good day to you")
    second = say(conversation, "assistant", "Go away", asked)
    for answer in (first, second):
        begin(answer, state="done")
    return [first, second]


def test_the_engine_scores_as_the_scorer_itself_does(engine_url: str, folder: Path) -> None:
    given = [(ASKED, "Good day"), ([*ASKED, *ASKED], "x" * 40), (ASKED, "")]

    async def asked(model: str = "taste") -> list[float]:
        client = EngineClient(engine_url)
        try:
            return await client.score(model, TINY_MODEL, given)
        finally:
            await client.aclose()

    ours = open_scorer(folder / "models" / TINY_MODEL, folder / "rewards" / "taste").score(given)
    assert async_to_sync(asked)() == pytest.approx(ours, abs=1e-4)
    for name in ("../models/tiny", "nobody", ".."):
        with pytest.raises(EngineError, match="no reward model named"):
            async_to_sync(asked)(name)


def test_it_is_off_until_a_person_chooses_and_then_remembered(
    taste: ModelVersion, answers: list[Message], page: Client, stranger: User
) -> None:
    path = f"/c/{answers[0].conversation_id}/"
    assert "is scoring" not in page.get(f"{path}thread").content.decode()
    assert page.get(f"/m/{answers[0].pk}/reward").content == b""
    page.post(f"{path}reward-lens", {"reward_model": "taste"})
    assert "taste is scoring" in page.get(f"{path}thread").content.decode()
    assert not RewardLens.objects.filter(owner=stranger).exists()
    page.post(f"{path}reward-lens", {"reward_model": ""})
    assert not RewardLens.objects.exists()
    refused = page.post(f"{path}reward-lens", {"reward_model": "nobody"})
    assert refused.status_code == 422


def test_siblings_are_scored_once_and_compared_with_the_vote(
    taste: ModelVersion, answers: list[Message], member: User, page: Client, settings: Any
) -> None:
    reward_lens.choose(user=member, name="taste")
    found = reward_lens.judged(answer=answers[0], judge=taste)
    scores = rewards.scores(taste, [(ASKED, a.text) for a in answers])
    assert [one.score for one in found.answers] == pytest.approx(scores)
    assert found.margin == pytest.approx(scores[0] - scores[1])
    settings.ENGINE_URLS = [NOBODY]
    better = answers[scores.index(max(scores))]
    for number, (winner, said) in enumerate(
        ((better, "Agrees with your vote"), (other(answers, better), "Your vote says otherwise"))
    ):
        voter = Voter(member, str(number), agreed=True)
        votes.best(voter=voter, contest=contests.siblings_of(winner), winner=winner.pk)
        shown = page.get(f"/m/{answers[0].pk}/reward").content.decode()
        assert said in shown
    assert f"{scores[0]:.2f}" in shown
    assert RewardScore.objects.count() == 2


def other(answers: list[Message], one: Message) -> Message:
    return next(answer for answer in answers if answer != one)


def test_an_answer_that_changed_is_scored_anew_and_a_silent_engine_says_so(
    taste: ModelVersion, answers: list[Message], member: User, page: Client, settings: Any
) -> None:
    reward_lens.choose(user=member, name="taste")
    before = reward_lens.judged(answer=answers[0], judge=taste).shown.score
    Message.objects.filter(pk=answers[0].pk).update(text="Something else")
    answers[0].refresh_from_db()
    assert reward_lens.judged(answer=answers[0], judge=taste).shown.score != before
    Message.objects.filter(pk=answers[0].pk).update(text="And again")
    settings.ENGINE_URLS = [NOBODY]
    shown = page.get(f"/m/{answers[0].pk}/reward").content.decode()
    assert "taste can&#x27;t score now: the engine does not answer." in shown
    assert "Try again" in shown


def test_a_stranger_is_told_no_scores(
    taste: ModelVersion, answers: list[Message], stranger: User, signed_in: Any
) -> None:
    reward_lens.choose(user=stranger, name="taste")
    assert signed_in(stranger).get(f"/m/{answers[0].pk}/reward").status_code == 404
    with pytest.raises(ChatError, match="not there any more"):
        reward_lens.choose(user=stranger, name="nobody")
