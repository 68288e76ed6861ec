"""The service behind the templates: versions that never change, and the turn the chat sends."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import IntegrityError, transaction

from accounts.models import User
from chat.models import PromptTemplate, PromptTemplateVersion
from chat.services import prompt_templates as service
from chat.services import similarity
from chat.services.prompt_library import LIBRARY_DIR, read_library, sync_library
from llmkit import prompts
from llmkit.prompts import PromptTemplateError

pytestmark = pytest.mark.django_db

SPEC: dict[str, Any] = {
    "instruction": "Answer in {language}.",
    "fields": [
        {"name": "question", "label": "Question"},
        {"name": "language", "default": "English"},
    ],
    "input_format": "Q: {question}",
    "examples": [{"inputs": {"question": f"q{n}"}, "output": f"a{n}"} for n in range(3)],
    "shots": {"count": 1},
}


@pytest.fixture
def made(owner: User) -> PromptTemplate:
    return service.create_template(owner=owner, name="Ask", spec=SPEC)


def test_a_new_template_has_one_version_and_a_slug(made: PromptTemplate) -> None:
    assert (made.slug, made.latest.number) == ("ask", 1)
    assert prompts.PromptTemplate.from_dict(made.latest.spec).shots.count == 1


def test_the_same_name_twice_gets_another_slug(made: PromptTemplate, owner: User) -> None:
    assert service.create_template(owner=owner, name="Ask", spec=SPEC).slug == "ask-2"


def test_a_change_makes_a_version_and_leaves_the_old_one(made: PromptTemplate) -> None:
    version = service.add_version(template=made, spec={**SPEC, "instruction": "Speak {language}."})
    assert version.number == 2
    assert made.versions.get(number=1).spec["instruction"] == "Answer in {language}."
    with pytest.raises(TypeError, match="never changes"):
        version.save()


def test_saving_without_a_change_makes_no_version(made: PromptTemplate) -> None:
    assert service.add_version(template=made, spec=made.latest.spec, name="Asked").number == 1
    made.refresh_from_db()
    assert made.name == "Asked"


def test_a_refused_change_leaves_everything_as_it_was(made: PromptTemplate) -> None:
    with pytest.raises(PromptTemplateError, match="'colour'"):
        service.add_version(template=made, spec={**SPEC, "instruction": "{colour}"}, name="New")
    made.refresh_from_db()
    assert (made.name, made.latest.number) == ("Ask", 1)


def test_two_versions_never_share_a_number(made: PromptTemplate) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PromptTemplateVersion.objects.create(template=made, number=1, spec=SPEC, spec_hash="x")


def test_a_turn_has_the_messages_and_what_the_person_sees(made: PromptTemplate) -> None:
    turn = service.render_turn(version=made.latest, inputs={"question": "Why {x}?"}, use={})
    assert turn.messages == [
        {"role": "system", "content": "Answer in English."},
        {"role": "user", "content": "Q: q0"},
        {"role": "assistant", "content": "a0"},
        {"role": "user", "content": "Q: Why {x}?"},
    ]
    assert turn.text == "Question: Why {x}?\n\nlanguage: English"
    assert turn.used_examples == [0]


def test_the_use_kept_with_a_message_renders_the_same_again(made: PromptTemplate) -> None:
    use = {"count": 2, "choose": "random", "seed": 5, "picked": [], "layout": "inline"}
    first = service.render_turn(version=made.latest, inputs={"question": "x"}, use=use)
    kept = {k: v for k, v in first.use.items() if k in service.USE_KEYS}
    again = service.render_turn(version=made.latest, inputs=first.use["inputs"], use=kept)
    assert again == first
    assert len(first.messages) == 1


def test_a_blank_field_is_asked_for_by_its_label(made: PromptTemplate) -> None:
    with pytest.raises(PromptTemplateError, match="Fill in “Question”"):
        service.render_turn(version=made.latest, inputs={"question": "  \n"}, use={})


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ({"count": 4}, "ask for at most 3"),
        ({"choose": "best"}, "can't be 'best'"),
        ({"choose": "picked", "picked": [7]}, "was picked"),
        ({"layout": "poem"}, "layout"),
        ({"shots": 1}, "unknown key"),
    ],
)
def test_a_wrong_use_gets_a_sentence(made: PromptTemplate, use: dict[str, Any], words: str) -> None:
    with pytest.raises(PromptTemplateError, match=words):
        service.render_turn(version=made.latest, inputs={"question": "x"}, use=use)


def test_without_an_engine_similar_examples_say_to_choose_another_way(
    made: PromptTemplate, settings: Any
) -> None:
    settings.ENGINE_URLS = ["http://127.0.0.1:9"]
    with pytest.raises(PromptTemplateError, match="choose another way"):
        similarity.by_engine("x", ["y"])


def test_shipped_templates_can_be_copied_but_not_archived(owner: User) -> None:
    sync_library()
    shipped = PromptTemplate.objects.get(owner=None, slug="classify-sentiment")
    with pytest.raises(PromptTemplateError, match="copy it"):
        service.archive(template=shipped)
    copy = service.copy_template(version=shipped.latest, owner=owner)
    assert copy.owner == owner
    assert copy.latest.spec_hash == shipped.latest.spec_hash


def test_an_archived_template_comes_back(made: PromptTemplate, owner: User) -> None:
    service.archive(template=made)
    assert not PromptTemplate.objects.visible_to(owner).filter(pk=made.pk).exists()
    service.restore(template=made)
    assert PromptTemplate.objects.visible_to(owner).filter(pk=made.pk).exists()


def test_syncing_twice_changes_nothing() -> None:
    assert len(sync_library().created) == 7
    versions = set(PromptTemplateVersion.objects.values_list("pk", flat=True))
    again = sync_library()
    assert (again.created, again.changed, again.retired) == ([], [], [])
    assert set(PromptTemplateVersion.objects.values_list("pk", flat=True)) == versions


def test_a_changed_file_makes_a_version_and_a_removed_one_retires(tmp_path: Path) -> None:
    path = tmp_path / "ask.yaml"
    path.write_text(yaml.safe_dump({"name": "Ask", **SPEC}))
    sync_library(folder=tmp_path)
    path.write_text(yaml.safe_dump({"name": "Ask", **SPEC, "layout": "inline"}))
    assert sync_library(folder=tmp_path).changed == ["ask"]
    template = PromptTemplate.objects.get(slug="ask")
    assert template.latest.number == 2
    path.unlink()
    assert sync_library(folder=tmp_path).retired == ["ask"]
    path.write_text(yaml.safe_dump({"name": "Ask", **SPEC, "layout": "inline"}))
    sync_library(folder=tmp_path)
    template.refresh_from_db()
    assert (template.archived_at, template.latest.number) == (None, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "ask.yaml, line 1"),
        ("- a", "begins with a name"),
        ("name: Ask\ninstruction: hi", "ask.yaml: The list of fields"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "ask.yaml").write_text(text)
    with pytest.raises(PromptTemplateError, match=words):
        sync_library(folder=tmp_path)
    assert not PromptTemplate.objects.exists()


@pytest.mark.parametrize("entry", read_library(), ids=lambda entry: entry.slug)
def test_every_shipped_template_renders_every_number_of_shots_in_both_layouts(entry: Any) -> None:
    for layout in prompts.LAYOUTS:
        template = prompts.PromptTemplate.from_dict({**entry.spec, "layout": layout})
        assert len(template.examples) >= 6
        inputs = {field.name: "typed" for field in template.fields}
        for count in range(len(template.examples) + 1):
            rendered = template.render(inputs, prompts.Shots(count=count))
            assert len(rendered.used_examples) == count
            assert "typed" in rendered.messages[-1].content


def test_seven_templates_ship() -> None:
    assert len(list(LIBRARY_DIR.glob("*.yaml"))) == 7
