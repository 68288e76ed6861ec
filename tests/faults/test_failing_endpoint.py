"""A model server elsewhere that fails while people chat: the conversation says which, and why."""

from collections.abc import Iterator

import pytest

from tests.llmkit.rude_server import KEY, RudeServer, rude_server
from tests.processes import Chatter
from tests.running_site import RunningSite

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def server(site: RunningSite) -> Iterator[RudeServer]:
    """Known to the site as Acme."""
    with rude_server() as running:
        form = {"name": "Acme", "url": running.url, "api_key": KEY}
        site.post(site.owner(), "/models/endpoints/add/", **form)
        yield running
        number = site.owner().get("/models/").text.partition('id="edit-')[2].partition('"')[0]
        site.post(site.owner(), f"/models/endpoints/{number}/delete", page="/models/")


def ended(chatter: Chatter) -> tuple[str, str]:
    """The state in which an answer of the endpoint's model ends, and how it is shown."""
    answer = chatter.send("Hello", model="fox-1")
    with chatter.watch(answer) as watcher:
        state = watcher.state if watcher.state not in ("queued", "running") else watcher.until_end()
    return state, chatter.shown(answer)


def test_its_models_answer_beside_the_own_ones(chatter: Chatter, server: RudeServer) -> None:
    server.manner = "kind"
    page = chatter.client.get("/chat/").text
    assert '<optgroup label="Acme">' in page
    state, shown = ended(chatter)
    assert (state, "Foxes sleep." in shown) == ("done", True)


@pytest.mark.parametrize(
    ("manner", "state", "words"),
    [
        ("refused", "failed", "Acme did not accept its key"),
        ("gone", "failed", "Acme no longer has this model"),
        ("busy", "failed", "Acme is busy, or its limit is used up"),
        ("gateway", "failed", "Acme could not answer"),
        ("page", "failed", "Acme answered with a web page"),
        ("garbled", "interrupted", "Acme sent something that is not part of an answer"),
        ("cut", "interrupted", "The answer from Acme broke off"),
        ("torn", "interrupted", "The answer from Acme broke off"),
    ],
)
def test_the_conversation_says_what_went_wrong(
    chatter: Chatter, server: RudeServer, manner: str, state: str, words: str
) -> None:
    server.manner = manner
    found, shown = ended(chatter)
    assert found == state
    assert words in shown
    assert KEY not in shown
    assert ("Foxes" in shown) == (state == "interrupted"), "what was written is kept"
