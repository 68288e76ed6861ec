"""A key made in the page lets OpenAI's own client in, until it is revoked."""

import re

import httpx
import openai
import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browser.chat_page import ChatPage
from tests.browser.conftest import PHONE
from tests.processes import TALKER, wait_until_idle
from tests.running_site import RunningSite

pytestmark = pytest.mark.browser
HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]


def test_a_program_answers_with_a_key_from_the_page(
    chat: ChatPage, chat_site: RunningSite, engine: RunningSite
) -> None:
    token = a_new_key(chat.open("/keys/").page)
    program = openai.OpenAI(base_url=f"{chat_site.url}/v1", api_key=token, max_retries=0)
    assert TALKER in [model.id for model in program.models.list()]
    assert program.models.retrieve(TALKER).id == TALKER
    answers_whole_and_streamed_alike(program)
    whoever_leaves_frees_the_engine(program, engine)
    says_what_is_wrong(program, chat_site)
    revoke(chat.open("/keys/").page)
    with pytest.raises(openai.AuthenticationError, match="revoked or expired"):
        program.models.list()


def a_new_key(page: Page) -> str:
    expect(page.get_by_text("No keys yet")).to_be_visible()
    page.get_by_label("Name").fill("notebook")
    page.get_by_label("Write answers").press("Tab")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make key").press("Enter")
    shown = page.get_by_label("New key", exact=True)
    token = shown.input_value()
    expect(page.get_by_text("Write answers, Make embeddings")).to_be_visible()
    assert token in page.locator("pre").first.inner_text()
    size = page.viewport_size
    assert axe.check(page) == []
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    assert axe.check(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size(size or PHONE)
    page.emulate_media(color_scheme=None)
    return token


def answers_whole_and_streamed_alike(program: openai.OpenAI) -> None:
    asked = {"model": TALKER, "messages": HELLO, "max_tokens": 12, "temperature": 0}
    whole = program.chat.completions.create(**asked)  # type: ignore[call-overload]
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage.completion_tokens == 12
    with program.chat.completions.create(**asked, stream=True) as stream:  # type: ignore[call-overload]
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 1
    text = program.completions.create(model=TALKER, prompt="Once", max_tokens=3, temperature=0)
    assert text.usage and text.usage.completion_tokens == 3


def whoever_leaves_frees_the_engine(program: openai.OpenAI, engine: RunningSite) -> None:
    long = program.chat.completions.create(
        model=TALKER, messages=HELLO, max_tokens=3000, stream=True
    )
    next(iter(long))
    long.close()
    wait_until_idle(engine)


def says_what_is_wrong(program: openai.OpenAI, site: RunningSite) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model fox here"):
        program.chat.completions.create(model="fox", messages=HELLO)
    with pytest.raises(openai.BadRequestError, match="Temperature must be"):
        program.chat.completions.create(model=TALKER, messages=HELLO, temperature=-1)
    with httpx.Client(base_url=site.url) as nobody:
        assert nobody.get("/v1/models").status_code == 401
        assert nobody.get("/v1/none").status_code == 404


def revoke(page: Page) -> None:
    expect(page.get_by_label("New key", exact=True)).to_have_count(0)
    page.get_by_role("button", name=re.compile("Revoke notebook")).click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("notebook is revoked")).to_be_visible()
    expect(page.get_by_role("cell", name="Revoked")).to_be_visible()
