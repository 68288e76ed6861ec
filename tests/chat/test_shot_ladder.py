"""The shot ladder: 0, 1 and k shots of one template on one input, all else equal."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from chat.columns import shown_comparison, sizes_of
from chat.models import Comparison, Generation, PromptTemplateVersion
from chat.services import exact_prompt
from chat.services.comparisons import columns_of
from chat.services.context import ChatError
from chat.services.counting import Measured
from chat.services.prompt_library import read_library
from chat.services.prompt_templates import create_template
from chat.services.shot_ladder import climb, start_ladder
from llmkit.prompts import PromptTemplate, Shots
from llmkit.types import ChatMessage, GenerationSettings

REVIEW = "The food was cold, but the waiter was kind."
FIRST = {"count": 3, "choose": "first", "seed": 0, "picked": []}


@pytest.fixture(autouse=True)
def _no_engine(settings: Settings) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]


def shipped(owner: User, slug: str, **changes: Any) -> PromptTemplateVersion:
    spec = next(entry.spec for entry in read_library() if entry.slug == slug)
    return create_template(owner=owner, name=slug, spec={**spec, **changes}).latest


def ladder(owner: User, version: PromptTemplateVersion, **inputs: str) -> Comparison:
    settings = GenerationSettings(temperature=0, max_tokens=6)
    return start_ladder(owner=owner, version=version, inputs=inputs, use=FIRST, settings=settings)


def generations(found: Comparison) -> list[Generation]:
    leaves = [column.conversation.leaf for column in columns_of(found)]
    return [leaf.generations.get() for leaf in leaves if leaf]


@pytest.mark.parametrize(
    "slug, field", [("classify-sentiment", "text"), ("summarise-dialogue", "dialogue")]
)
@pytest.mark.parametrize("layout", ["chat", "inline"])
def test_each_rung_sends_exactly_what_the_template_renders(
    member: User, slug: str, field: str, layout: str
) -> None:
    version = shipped(member, slug, layout=layout)
    found = ladder(member, version, **{field: REVIEW})
    template = PromptTemplate.from_dict(version.spec)
    for count, made in zip((0, 1, 3), generations(found), strict=True):
        rendered = template.render({field: REVIEW}, Shots(count=count))
        expected = [{"role": m.role, "content": m.content} for m in rendered.messages]
        assert made.prompt == expected
        assert made.settings["max_tokens"] == 6


def test_rungs_differ_in_their_shots_and_in_nothing_else(member: User) -> None:
    found = ladder(member, shipped(member, "classify-sentiment"), text=REVIEW)
    shown = shown_comparison(found, ["tiny"])
    assert [column.name for column in shown.columns] == ["Zero-shot", "One-shot", "3 shots"]
    assert shown.shared[0] == "tiny" and "greedy" in shown.shared
    assert len({made.settings["seed"] for made in generations(found)}) == 1


def test_the_parts_of_the_exact_prompt_put_together_are_the_prompt(member: User) -> None:
    version = shipped(member, "classify-sentiment")
    found = ladder(member, version, text=REVIEW)
    made = generations(found)[2]
    text = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in made.prompt)
    asked = made.message.parent
    assert asked is not None
    parts = exact_prompt.marked(Measured(rendered=text), version, asked.template_use)
    assert "".join(part.text for part in parts) == text
    kinds = [part.kind for part in parts if part.label]
    assert kinds == ["instruction", *["shot"] * 6, "input"]
    assert parts[-2].text == f"Text: {REVIEW}"


def test_parts_are_found_without_the_models_markers_too(member: User) -> None:
    version = shipped(member, "classify-sentiment", layout="inline")
    sent = [
        ChatMessage(
            "user", generations(ladder(member, version, text=REVIEW))[1].prompt[0]["content"]
        )
    ]
    use = {"inputs": {"text": REVIEW}, "used_examples": [0]}
    parts = exact_prompt.marked(Measured(messages=sent), version, use)
    assert [p.label for p in parts if p.label] == [
        "Instruction",
        "Shot 1",
        "Shot 1, answer",
        "Input",
    ]


def test_the_first_rung_tells_how_many_tokens_the_shots_take(member: User) -> None:
    found = ladder(member, shipped(member, "classify-sentiment"), text=REVIEW)
    sizes = [size for size in sizes_of(columns_of(found), [48, 74, 126]) if size]
    assert [size.shots for size in sizes] == [0, 26, 78]
    assert [size.width for size in sizes] == [38.1, 58.7, 100]
    assert sizes_of(columns_of(found), [None, None, None]) == [None] * 3


def rungs(version: PromptTemplateVersion, text: str = REVIEW, **use: Any) -> tuple[list[int], str]:
    found = climb(version=version, inputs={"text": text}, use={**FIRST, **use})
    return [rung["count"] for rung in found.rungs], found.note


def test_the_ladder_adapts_to_the_template_and_says_so(member: User) -> None:
    version = shipped(member, "classify-sentiment")
    assert rungs(version) == ([0, 1, 3], "")
    assert rungs(version, count=1)[0] == [0, 1]
    assert "Two columns" in rungs(version, count=1)[1]
    assert rungs(version, count=50)[0] == [0, 1, 9]
    assert "has 9 examples" in rungs(version, count=50)[1]
    known = version.spec["examples"][0]["inputs"]["text"]
    assert rungs(version, known, count=9)[0] == [0, 1, 8]
    assert "give the answer away" in rungs(version, known, count=9)[1]


def test_picked_examples_climb_in_the_order_of_picking(member: User) -> None:
    version = shipped(member, "classify-sentiment")
    use = {"choose": "picked", "picked": [4, 2, 7]}
    found = climb(version=version, inputs={"text": REVIEW}, use={**FIRST, **use})
    assert [rung["picked"] for rung in found.rungs] == [[], [4], [4, 2, 7]]


def test_a_template_without_examples_has_no_ladder(member: User) -> None:
    version = shipped(member, "classify-sentiment", examples=[], shots={"count": 0})
    with pytest.raises(ChatError, match="no examples"):
        rungs(version)
    assert not Comparison.objects.exists()


def test_the_form_keeps_what_was_typed_when_it_is_refused(member: User, page: Client) -> None:
    version = shipped(member, "answer-from-text")
    data = {"template": version.pk, "field_text": "Foxes sleep.", "field_question": " ", "shots": 2}
    refused = page.post("/compare/ladder", data)
    assert refused.status_code == 422 and b"Foxes sleep." in refused.content
    assert "Fill in “Question”" in refused.content.decode()
    assert not Comparison.objects.exists()
    begun = page.post("/compare/ladder", {**data, "field_question": "Do foxes sleep?"})
    found = Comparison.objects.get()
    assert begun.headers["Location"] == found.get_absolute_url()
    assert [c.inputs for c in columns_of(found)] == [{"question": "Do foxes sleep?"}] * 3
