"""The decoding lens as a person uses it: by keyboard, narrow and dark, and with right numbers."""

import base64
import re
from typing import Any, Literal

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests import axe
from tests.browser.chat_page import PATIENCE_MS, ChatPage
from tests.browser.conftest import DESKTOP, PHONE
from tests.processes import Chatter

pytestmark = pytest.mark.browser
SAMPLED = {"decoding": "sampling", "temperature": "0.8", "top_k": "12", "top_p": "0.95"}
PLACE = 3
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def row(panel: Locator, place: int) -> tuple[str, str]:
    """(before the cuts, picked) of the token that is `place`th likeliest."""
    cells = panel.locator("tbody tr:not(.cut-line)").nth(place).locator("td.numbers")
    before, picked = cells.all_inner_texts()
    return before, picked


def percent(p: float) -> str:
    return f"{100 * p:.{2 if p < 0.1 or p > 0.99 else 1}f} %"


def test_an_answer_is_looked_into_reshaped_and_branched(chat: ChatPage, chatter: Chatter) -> None:
    answer = chatter.send("Look into this", max_tokens="20", **SAMPLED)
    chat.open(f"{chatter.path}/")
    text = chat.wait_for_end()
    walk_to_the_token(chat)
    chat.page.keyboard.press("Enter")
    panel = chat.page.get_by_role("region", name="What could stand at place 4")
    expect(panel).to_be_visible(timeout=PATIENCE_MS)
    inside = shows_what_was_told(panel, chatter.client.get(f"/m/{answer}/lens/{PLACE}").json())
    reshape(panel, inside)
    is_for_everyone(chat)
    branch(chat, panel, text)


def walk_to_the_token(chat: ChatPage) -> None:
    chat.page.wait_for_load_state()
    chat.page.locator("#main").press("l")
    tokens = chat.page.get_by_role("listbox", name="Answer, token by token")
    expect(tokens.get_by_role("option")).to_have_count(20, timeout=PATIENCE_MS)
    expect(tokens).to_be_focused()
    for _ in range(PLACE):
        chat.page.keyboard.press("ArrowRight")
    option = tokens.get_by_role("option").nth(PLACE)
    expect(option).to_have_class("current")
    expect(option).to_have_attribute("aria-label", re.compile(r" %, rank \d+$"))
    expect(chat.page.locator(".lens-popover")).to_contain_text("%")


def shows_what_was_told(panel: Locator, told: dict[str, Any]) -> int:
    """The numbers by hand from the scores; how many tokens both cuts leave."""
    scores = np.frombuffer(base64.b64decode(told["scores"]), "<f4").astype(float)
    before = np.exp((scores - scores[0]) / 0.8)
    before /= before.sum()
    kept = before[:12] / before[:12].sum()
    inside = int((np.cumsum(kept) - kept < 0.95).sum())
    held = before[:inside].sum()
    assert row(panel, 0) == (percent(before[0]), percent(before[0] / held))
    assert row(panel, inside) == (percent(before[inside]), "0 %")
    cuts = panel.locator(".cut-line")
    expect(cuts).to_have_text(["top-p 0.95 cuts here", "top-k 12 cuts here"])
    words = f"Picks among {inside} tokens that hold {percent(held)}"
    expect(panel.get_by_role("status")).to_contain_text(words)
    return inside


def reshape(panel: Locator, inside: int) -> None:
    panel.get_by_label("Temperature").press("Home")
    expect(panel.get_by_role("status")).to_contain_text("Always picks")
    assert row(panel, 1)[1] == "0 %"
    panel.get_by_role("button", name="The answer's own settings").press("Enter")
    assert row(panel, inside)[1] == "0 %"


def is_for_everyone(chat: ChatPage) -> None:
    for size in (DESKTOP, PHONE):
        chat.page.set_viewport_size(size)
        for scheme in SCHEMES:
            chat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert axe.check(chat.page) == []
    wide = chat.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]


def branch(chat: ChatPage, panel: Locator, text: str) -> None:
    other = panel.get_by_role("button", name=re.compile("^Branch with")).nth(2)
    chosen = other.inner_text().replace("·", " ")
    other.press("Enter")
    expect(chat.answer.locator(".siblings .numbers")).to_have_text("2/2", timeout=PATIENCE_MS)
    branched = chat.wait_for_end()
    assert branched != text
    assert branched.startswith(text[:PLACE] + chosen)


def test_escape_closes_the_panel_and_then_the_lens(chat: ChatPage, chatter: Chatter) -> None:
    chatter.send("Close it", max_tokens="6")
    chat.open(f"{chatter.path}/")
    chat.wait_for_end()
    lens = chat.answer.get_by_role("button", name="Lens", exact=True)
    lens.press("Enter")
    tokens = chat.page.get_by_role("listbox")
    expect(tokens).to_be_focused(timeout=PATIENCE_MS)
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".lens-panel")).to_be_visible(timeout=PATIENCE_MS)
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".lens-panel")).to_have_count(0)
    chat.page.keyboard.press("Escape")
    chat.page.keyboard.press("Escape")
    expect(tokens).to_have_count(0)
    expect(lens).to_be_focused()
    expect(chat.answer.locator(".said")).to_be_visible()
