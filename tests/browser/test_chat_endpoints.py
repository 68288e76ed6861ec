"""A model of another server in the chat: loading, answering, failing, by keyboard alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.looks import looks_right
from tests.llmkit.rude_server import KEY, RudeServer, rude_server
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser


@pytest.fixture
def acme(chat_site: RunningSite) -> Iterator[RudeServer]:
    with rude_server() as running:
        form = {"name": "Acme", "url": running.url, "api_key": KEY}
        chat_site.post(chat_site.owner(), "/models/endpoints/add/", **form)
        yield running
        page = chat_site.owner().get("/models/").text
        number = page.partition('id="edit-')[2].partition('"')[0]
        chat_site.post(chat_site.owner(), f"/models/endpoints/{number}/delete", page="/models/")


def test_a_server_elsewhere_loads_answers_and_fails(chat: ChatPage, acme: RudeServer) -> None:
    acme.manner = "loading"
    chat.open().set()
    page = chat.page
    model = page.get_by_role("combobox", name="Model", exact=True)
    model.focus()
    model.press_sequentially("fox-1")
    chat.say("Hello")
    bar = chat.answer.get_by_role("progressbar", name="Loading the model")
    expect(bar).to_have_attribute("value", "0.25")
    expect(chat.answer.get_by_role("status")).to_contain_text("Loading")
    looks_right(page)
    acme.manner = "kind"
    chat.wait_for_end()
    expect(chat.answer.locator(".said")).to_have_text("Foxes sleep.")
    expect(chat.answer.get_by_role("button", name="Lens")).to_have_count(0)

    acme.manner = "cut"
    chat.answer.get_by_role("button", name="Regenerate").press("Enter")
    expect(chat.answer.locator(".notice")).to_contain_text("The answer from Acme broke off")
    expect(chat.answer.get_by_role("button", name="Continue")).to_have_count(0)
    acme.manner = "busy"
    chat.answer.get_by_role("button", name="Regenerate").press("Enter")
    expect(chat.answer.get_by_role("alert")).to_contain_text("Acme is busy")
    looks_right(page)
    assert KEY not in page.content()
