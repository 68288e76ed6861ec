"""Looking into answers: exact tokens are kept, told with the engine's numbers, and branched."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from chat.models import Chunk, Conversation, Generation, Message
from chat.services import answers, branches, lens
from chat.services.answers import UserTurn
from chat.services.context import ChatError
from chat.streaming import producer, store
from tests.chat.conftest import begin, talk
from tests.llmkit.running_engine import serving
from tests.running_site import RunningSite
from tests.tiny_model import TINY_MODEL

pytestmark = pytest.mark.django_db(transaction=True)
SETTINGS = {"max_tokens": 12, "temperature": 0, "repetition_penalty": 1.1}


@pytest.fixture
def tiny(engine: RunningSite, settings: Settings, conversation: Conversation) -> Conversation:
    settings.ENGINE_URLS = [engine.engine_url]
    conversation.model, conversation.settings = TINY_MODEL, SETTINGS
    conversation.save()
    return conversation


@pytest.fixture(autouse=True)
def _answers_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here an answer is written to its end before the request that asked for it returns."""

    async def to_the_end(generation: Generation) -> None:
        await producer.Producer(generation).run()

    monkeypatch.setattr(producer, "start", to_the_end)


def asked(conversation: Conversation, text: str = "Hello") -> Message:
    turn = UserTurn(text)
    answer = answers.send(conversation=conversation, turn=turn, parent=conversation.leaf)
    return Message.objects.get(pk=answer.pk)


def tokens_of(answer: Message) -> list[int]:
    return answer.generations.latest("created_at").answer_tokens


def test_an_answer_keeps_its_exact_tokens_also_when_it_is_continued(tiny: Conversation) -> None:
    answer = asked(tiny)
    first = tokens_of(answer)
    assert len(first) == len(answer.text) == 12
    answers.continue_answer(answer=answer)
    continued = Message.objects.get(pk=answer.pk)
    rest = continued.generations.latest("created_at")
    assert rest.beginning == first and rest.start == 12
    assert len(tokens_of(continued)) == 24
    tiny.settings = {**SETTINGS, "max_tokens": 24}
    tiny.save()
    whole = answers.regenerate(answer=continued)
    assert tokens_of(whole) == tokens_of(continued)
    assert Message.objects.get(pk=whole.pk).text == continued.text
    assert [t["shown"] for t in lens.look(answer=continued)["tokens"]] == list(continued.text)


def test_an_interrupted_answer_keeps_what_was_stored_of_it(conversation: Conversation) -> None:
    answer = talk(conversation, "Hello", "")[1]
    generation = begin(answer)
    store.append(generation, 0, "A fo", [33, 221, 70])
    store.append(generation, 4, "x", [79])
    copy = branches.fork(message=answer)
    store.finish(generation.pk, "interrupted")
    assert tokens_of(answer) == [33, 221, 70, 79]
    assert not Chunk.objects.exists()
    assert copy.leaf is not None and tokens_of(copy.leaf) == [33, 221, 70, 79]


def test_the_lens_tells_every_token_and_one_place_in_full(tiny: Conversation, page: Client) -> None:
    answer = asked(tiny)
    found = page.get(reverse("chat:lens", args=[answer.pk])).json()
    assert found["exact"] and found["settings"]["repetition_penalty"] == 1.1
    assert [token["id"] for token in found["tokens"]] == tokens_of(answer)
    place = page.get(reverse("chat:lens-place", args=[answer.pk, 3])).json()
    assert place["chosen"]["id"] == tokens_of(answer)[3]
    assert place["chosen"]["index"] == 0, "greedy: the likeliest after the penalty"
    assert len(place["tokens"]) == lens.BARS
    refused = page.get(reverse("chat:lens-place", args=[answer.pk, 99]))
    assert (refused.status_code, "position must be" in refused.json()["error"]) == (422, True)


def test_a_branch_has_the_chosen_token_and_goes_on_from_it(
    tiny: Conversation, page: Client
) -> None:
    answer = asked(tiny)
    second = lens.look(answer=answer)["tokens"][4]["top"][1]
    path = reverse("chat:lens-branch", args=[answer.pk, 4, second["id"]])
    assert page.post(path).status_code == 200
    tiny.refresh_from_db()
    sibling = tiny.leaf
    assert sibling is not None and sibling.parent_id == answer.parent_id
    assert sibling.text.startswith(answer.text[:4] + second["text"])
    assert tokens_of(sibling)[:5] == [*tokens_of(answer)[:4], second["id"]]
    made = sibling.generations.get()
    assert len(made.tokens) == 12 and made.prompt == answer.generations.get().prompt
    again = lens.look(answer=sibling)["tokens"][4]
    assert (again["id"], again["rank"]) == (second["id"], 2)
    assert page.post(reverse("chat:lens-branch", args=[answer.pk, 99, 5])).status_code == 422


def test_tokens_that_nobody_kept_are_read_again_from_the_text(tiny: Conversation) -> None:
    answer = talk(tiny, "Hello", "Hi there 🦊")[1]
    found = lens.look(answer=answer)
    assert not found["exact"]
    assert "".join(token["shown"] for token in found["tokens"]) == answer.text
    sibling = lens.branch(answer=answer, position=3, token=found["tokens"][0]["id"])
    assert Message.objects.get(pk=sibling.pk).text.startswith("Hi H")


def test_an_answer_in_the_middle_of_being_written_is_not_looked_into(tiny: Conversation) -> None:
    answer = talk(tiny, "Hello", "")[1]
    begin(answer)
    with pytest.raises(ChatError, match="still being written"):
        lens.look(answer=answer)


@pytest.fixture
def foreign_url() -> Iterator[str]:
    """A server that lists a model and knows none of our additions."""
    listed = {"data": [{"id": TINY_MODEL}]}
    routes = [Route("/v1/models", lambda request: JSONResponse(listed))]
    with serving(Starlette(routes=routes)) as url:
        yield url


def test_another_server_is_named_as_the_reason_why_there_is_no_lens(
    foreign_url: str, settings: Settings, conversation: Conversation
) -> None:
    settings.ENGINE_URLS = [foreign_url]
    conversation.model = TINY_MODEL
    conversation.save()
    answer = talk(conversation, "Hello", "Hi")[1]
    with pytest.raises(ChatError, match="needs an engine of this project"):
        lens.look(answer=answer)
