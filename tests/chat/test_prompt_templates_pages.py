"""The template pages: what each person sees and may do, and that typed text stays text."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.models import PromptTemplate
from chat.services import prompt_templates as service
from chat.services.prompt_library import sync_library

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
HOSTILE = "<script>alert(1)</script>{{ 7|add:1 }}{x}"
SPEC: dict[str, Any] = {
    "instruction": "Answer.",
    "fields": [{"name": "question", "label": "Question"}],
    "input_format": "Q: {question}",
    "examples": [{"inputs": {"question": f"q{n}"}, "output": f"a{n}"} for n in range(3)],
    "settings": {"temperature": 0},
}


@pytest.fixture(autouse=True)
def no_engine(settings: Any) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]


@pytest.fixture
def as_owner(member: User, signed_in: SignIn) -> Client:
    """The person whose template it is."""
    return signed_in(member)


@pytest.fixture
def as_stranger(stranger: User, signed_in: SignIn) -> Client:
    return signed_in(stranger)


@pytest.fixture
def made(member: User) -> PromptTemplate:
    return service.create_template(owner=member, name="Ask", spec=SPEC)


def address(name: str, template: PromptTemplate) -> str:
    return reverse(f"chat:{name}", args=[template.pk])


def form(**changes: Any) -> dict[str, Any]:
    """What the browser sends from the form of a template with one field and one example."""
    return {
        "name": "Ask",
        "description": "",
        "instruction": "Answer.",
        "field-name": ["question"],
        "field-label": ["Question"],
        "field-multiline": ["no"],
        "field-placeholder": [""],
        "field-default": [""],
        "input_format": "Q: {question}",
        "output_label": "A:",
        "example-label": ["one"],
        "example-in-0": ["q"],
        "example-output": ["a\r\nb"],
        "count": "1",
        "choose": "first",
        "seed": "0",
        "layout": "chat",
        "instruction_as": "system",
        **changes,
    }


def preview(client: Client, template: PromptTemplate, **data: Any) -> str:
    response = client.post(address("template-preview", template), {"version": 1, **data})
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_the_shipped_ones_and_ones_own(
    as_owner: Client, as_stranger: Client, made: PromptTemplate
) -> None:
    sync_library()
    own = as_owner.get(reverse("chat:templates")).content.decode()
    other = as_stranger.get(reverse("chat:templates")).content.decode()
    assert address("template", made) in own
    assert address("template", made) not in other
    assert "Classify sentiment" in other


@pytest.mark.parametrize("name", ["", "-history", "-export", "-edit"])
def test_a_stranger_finds_nothing(as_stranger: Client, made: PromptTemplate, name: str) -> None:
    assert as_stranger.get(address(f"template{name}", made)).status_code == 404


@pytest.mark.parametrize("name", ["preview", "edit", "copy", "archive", "restore"])
def test_a_stranger_can_do_nothing(as_stranger: Client, made: PromptTemplate, name: str) -> None:
    assert as_stranger.post(address(f"template-{name}", made), form()).status_code == 404
    made.refresh_from_db()
    assert (made.archived_at, made.latest.number) == (None, 1)


@pytest.mark.parametrize("name", ["edit", "archive", "restore"])
def test_a_shipped_template_can_only_be_copied(as_owner: Client, name: str) -> None:
    sync_library()
    shipped = PromptTemplate.objects.get(slug="step-by-step")
    assert as_owner.post(address(f"template-{name}", shipped), form()).status_code == 404
    response = as_owner.post(address("template-copy", shipped))
    copy = PromptTemplate.objects.get(owner__username="member")
    assert response.headers["Location"] == address("template-edit", copy)


def test_the_preview_has_the_messages_and_an_honest_guess(
    as_owner: Client, made: PromptTemplate
) -> None:
    text = preview(as_owner, made, field_question="Why?", shots="2", choose="first")
    assert "About " in text
    assert "No engine answered" in text
    assert text.index("Q: q0") < text.index("Q: q1") < text.index("Q: Why?")


def test_a_blank_field_has_a_stand_in(as_owner: Client, made: PromptTemplate) -> None:
    assert "Q: ‹Question›" in preview(as_owner, made, field_question=" ", shots="0")


def test_picked_examples_come_in_the_order_of_ticking(
    as_owner: Client, made: PromptTemplate
) -> None:
    text = preview(
        as_owner, made, field_question="x", choose="picked", picked=["0", "2"], picked_order="2,0"
    )
    assert "Shows examples 3, 1 of the pool" in " ".join(text.split())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"shots": "4"}, "ask for at most 3"),
        ({"shots": "many"}, "whole numbers"),
        ({"choose": "best"}, "can&#x27;t be"),
        ({"choose": "similar", "shots": "1"}, "choose another way"),
        ({"field_other": "x"}, "no field"),
        ({"field_question": "x" * 100_001}, "shorten the text"),
    ],
)
def test_a_wrong_choice_gets_a_sentence(
    as_owner: Client, made: PromptTemplate, data: dict[str, str], words: str
) -> None:
    text = preview(as_owner, made, **{"field_question": "x", **data})
    assert words in text
    assert 'class="notice"' in text


def test_typed_text_is_shown_as_text(as_owner: Client, member: User) -> None:
    spec = {
        **SPEC,
        "fields": [{"name": "question", "label": HOSTILE, "placeholder": HOSTILE[:40]}],
        "instruction": HOSTILE.replace("{", "{{").replace("}", "}}"),
        "examples": [{"inputs": {"question": HOSTILE}, "output": HOSTILE, "label": HOSTILE}],
    }
    made = service.create_template(owner=member, name=HOSTILE, description=HOSTILE, spec=spec)
    service.add_version(template=made, spec={**spec, "layout": "inline"})
    pages = [
        as_owner.get(reverse("chat:templates")),
        as_owner.get(address("template", made)),
        as_owner.get(address("template-edit", made)),
        as_owner.get(address("template-history", made)),
    ]
    texts = [page.content.decode() for page in pages]
    texts.append(preview(as_owner, made, field_question=HOSTILE, shots="1"))
    for text in texts:
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_a_new_template_is_made_from_the_form(as_owner: Client) -> None:
    response = as_owner.post(reverse("chat:template-new"), form())
    made = PromptTemplate.objects.get()
    assert response.headers["Location"] == address("template", made)
    assert made.latest.spec["examples"][0]["output"] == "a\nb"


def test_a_refused_form_keeps_what_was_typed(as_owner: Client) -> None:
    response = as_owner.post(
        reverse("chat:template-new"), form(instruction="Answer in {langage}.", name="Kept")
    )
    text = response.content.decode()
    assert response.status_code == 422
    assert "&#x27;langage&#x27;" in text
    assert 'value="Kept"' in text
    assert not PromptTemplate.objects.exists()


def test_editing_makes_the_next_version_and_keeps_suggested_settings(
    as_owner: Client, made: PromptTemplate
) -> None:
    edited = as_owner.get(address("template-edit", made)).content.decode()
    assert re.search(r'name="setting-temperature"\s+value="0"', edited)
    changes = {"instruction": "Answer briefly.", "setting-temperature": "0"}
    as_owner.post(address("template-edit", made), form(**changes))
    assert made.latest.number == 2
    assert made.latest.spec["settings"] == {"temperature": 0}
    history = as_owner.get(address("template-history", made)).content.decode()
    assert "instruction: Answer briefly." in history
    old = as_owner.get(address("template", made), {"version": 1}).content.decode()
    assert "See version 2, the latest." in old


@pytest.mark.parametrize(
    ("action", "fields", "examples"),
    [
        ("add-field", 2, 1),
        ("remove-field:0", 0, 1),
        ("add-example", 1, 2),
        ("remove-example:0", 1, 0),
        ("remove-example:9", 1, 1),
        ("remove-example:x", 1, 0),
        ("nonsense", 1, 1),
    ],
)
def test_rows_come_and_go_without_saving(
    as_owner: Client, action: str, fields: int, examples: int
) -> None:
    response = as_owner.post(reverse("chat:template-shape"), form(action=action))
    text = response.content.decode()
    assert text.count('name="field-name"') == fields
    assert text.count('name="example-output"') == examples
    assert "<html" not in text
    assert not PromptTemplate.objects.exists()


def test_settings_are_suggested_and_examples_picked_in_the_form(as_owner: Client) -> None:
    rows = {
        "example-label": ["a", "", "b", "c"],
        "example-in-0": ["1", "", "2", "3"],
        "example-output": ["x", "", "y", "z"],
        "example-place": ["2", "7", "", "1"],
    }
    settings = {"setting-max_tokens": "32", "setting-top_p": "0.5", "setting-stop": "\\n\r\nQ:"}
    as_owner.post(reverse("chat:template-new"), form(**rows, **settings, choose="picked"))
    spec = PromptTemplate.objects.get().latest.spec
    assert spec["shots"]["picked"] == [2, 0]
    assert spec["settings"] == {"max_tokens": 32, "top_p": 0.5, "stop": ["\n", "Q:"]}
    edited = as_owner.get(address("template-edit", PromptTemplate.objects.get())).content.decode()
    places = re.findall(r'name="example-place"\s+value="([^"]*)"', edited)
    assert places == ["2", "", "1"] and ">\\n\nQ:</textarea>" in edited


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"setting-top_k": "many"}, "Top-k must be a whole number, or left empty."),
        ({"setting-temperature": "nan"}, "Temperature must be between 0 and 5"),
        ({"example-place": ["first"], "choose": "picked"}, "must be a whole number"),
    ],
)
def test_a_wrong_setting_or_place_gets_a_sentence(
    as_owner: Client, changes: dict[str, Any], sentence: str
) -> None:
    response = as_owner.post(reverse("chat:template-new"), form(**changes))
    assert response.status_code == 422 and sentence in response.content.decode()
    assert not PromptTemplate.objects.exists()


def test_renaming_a_field_keeps_what_the_examples_hold(as_owner: Client) -> None:
    as_owner.post(
        reverse("chat:template-new"), form(**{"field-name": ["ask"], "input_format": "{ask}"})
    )
    assert PromptTemplate.objects.get().latest.spec["examples"][0]["inputs"] == {"ask": "q"}


def test_an_archived_template_can_be_brought_back(as_owner: Client, made: PromptTemplate) -> None:
    as_owner.post(address("template-archive", made))
    assert as_owner.get(address("template", made)).status_code == 404
    as_owner.post(address("template-restore", made))
    assert as_owner.get(address("template", made)).status_code == 200


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_an_export_can_be_imported(as_owner: Client, made: PromptTemplate, kind: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    exported = as_owner.get(address("template-export", made), {"format": kind})
    assert f'filename="ask.{kind}"' in exported.headers["Content-Disposition"]
    upload = SimpleUploadedFile("t", exported.content)
    as_owner.post(reverse("chat:template-import"), {"file": upload})
    again = PromptTemplate.objects.exclude(pk=made.pk).get()
    assert again.latest.spec_hash == made.latest.spec_hash


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe", b"- 1", b"name: x", b"a: [", b"!!python/object:os.system x", b"[" * 100_000],
)
def test_a_file_that_is_no_template_changes_nothing(as_owner: Client, raw: bytes) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    response = as_owner.post(
        reverse("chat:template-import"), {"file": SimpleUploadedFile("t", raw)}, follow=True
    )
    assert "Nothing was imported." in response.content.decode()
    assert not PromptTemplate.objects.filter(owner__isnull=False).exists()


@pytest.mark.parametrize("version", ["0", "7", "x", "²", "9" * 30])
def test_a_version_that_does_not_exist_is_not_found(
    as_owner: Client, made: PromptTemplate, version: str
) -> None:
    assert as_owner.get(address("template", made), {"version": version}).status_code == 404


def test_pages_that_change_something_refuse_get(as_owner: Client, made: PromptTemplate) -> None:
    for name in ("template-preview", "template-copy", "template-archive", "template-restore"):
        assert as_owner.get(address(name, made)).status_code == 405
