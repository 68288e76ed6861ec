"""Conversations in and out of files: whole or not at all, each wrong row named."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from chat.models import Conversation
from chat.services import transfer
from chat.services.context import branch
from chat.transfer.reading import MAX_BYTES, TransferError, read
from chat.transfer.writing import as_json, as_markdown
from tests.chat.conftest import begin, say, talk

pytestmark = pytest.mark.both

OPENAI = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
    ]
}
SHAREGPT = {"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def texts(conversation: Conversation) -> list[str]:
    return [message.text for message in branch(conversation.leaf)]


@pytest.mark.parametrize("row", [OPENAI, SHAREGPT])
@pytest.mark.parametrize("ways", ["one", "list", "lines"])
def test_other_tools_formats_become_conversations(member: User, row: object, ways: str) -> None:
    data = {"one": encoded(row), "list": encoded([row]), "lines": encoded(row) + b"\n"}[ways]
    [made] = transfer.import_file(owner=member, data=data)
    assert texts(made) == ["Hello", "Hi"]
    assert made.title == "Hello"


def test_a_system_turn_becomes_the_system_prompt(member: User) -> None:
    [made] = transfer.import_file(owner=member, data=encoded(OPENAI))
    assert made.system_prompt == "Be brief."


def test_our_own_json_brings_the_whole_tree_back(member: User, conversation: Conversation) -> None:
    conversation.system_prompt = "Be brief."
    asked, first, _ = talk(conversation, "Hello", "Hi", "More")
    begin(first, state="done", finish_reason="stop")
    say(conversation, "assistant", "Good day 🦊", asked)
    [made] = transfer.import_file(owner=member, data=encoded(as_json(conversation)))
    assert texts(made) == ["Hello", "Good day 🦊"]
    assert (made.title, made.system_prompt) == ("Foxes", "Be brief.")
    again = as_json(made)["messages"]
    for before, after in zip(as_json(conversation)["messages"], again, strict=True):
        assert [before[k] for k in ("role", "text", "parent")] == [
            after[k] for k in ("role", "text", "parent")
        ]


def test_markdown_holds_the_open_branch(conversation: Conversation) -> None:
    asked, _ = talk(conversation, "Hello", "Hi")
    say(conversation, "assistant", "Good day", asked)
    assert as_markdown(conversation) == "# Foxes\n\n## You\n\nHello\n\n## Model\n\nGood day\n"


def test_every_wrong_row_is_named_and_nothing_is_imported(member: User) -> None:
    rows = [OPENAI, {"x": 1}, 7, {"messages": [{"role": "assistant", "content": "Hi"}]}]
    with pytest.raises(TransferError) as refused:
        transfer.import_file(owner=member, data=encoded(rows))
    assert [reason.split(":")[0] for reason in refused.value.reasons] == ["Row 2", "Row 3", "Row 4"]
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[]", "1 to 1000"),
        (b" " * (MAX_BYTES + 1), "larger than"),
        (b"[" * 100_000, "not JSON"),
        (b'{"messages": []}\nnonsense', "Line 2"),
        (encoded({"messages": "Hello"}), "list"),
        (encoded({"messages": [{"role": "user", "content": "a\x00b"}]}), "turn 1"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "turn 1"),
        (encoded({"messages": [{"role": "user", "content": 5}]}), "turn 1"),
        (encoded({"messages": [OPENAI["messages"][1]] * 2}), "turn 2"),
        (encoded({"format": "llmsite.conversation", "messages": [{}]}), "message 0"),
        (
            encoded(
                {
                    "format": "llmsite.conversation",
                    "messages": [{"role": "user", "text": "a", "parent": 0}],
                }
            ),
            "earlier message",
        ),
        (
            encoded({"format": "llmsite.conversation", "messages": [], "settings": {"top_k": -1}}),
            "Top-k",
        ),
    ],
)
def test_a_bad_file_gets_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(TransferError, match=words):
        read(data)


KEYS = st.sampled_from(["messages", "conversations", "format", "role", "content", "from", "value"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "conversations", "format", "role", "content", "from", "value"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_json_a_file_holds_it_is_taken_or_refused(value: object) -> None:
    try:
        assert read(encoded(value))
    except TransferError as error:
        assert error.reasons


def upload(page: Client, data: bytes) -> HttpResponse:
    file = SimpleUploadedFile("talk.json", data)
    return page.post(reverse("chat:import"), {"file": file}, follow=True)  # type: ignore[return-value]


def test_the_import_page_opens_what_was_imported_or_says_why_not(page: Client) -> None:
    assert "Imported 1 conversation." in upload(page, encoded(OPENAI)).content.decode()
    refused = upload(page, encoded([{}]))
    assert refused.status_code == 422
    assert "Row 1:" in refused.content.decode()


def test_exports_are_downloads_and_a_stranger_gets_none(
    page: Client, conversation: Conversation, stranger: User
) -> None:
    talk(conversation, "Hello", "Hi")
    elsewhere = Client()
    elsewhere.force_login(stranger)
    for name, ending in (("export-json", "json"), ("export-markdown", "md")):
        url = reverse(f"chat:{name}", args=[conversation.pk])
        assert page.get(url)["Content-Disposition"] == f'attachment; filename="foxes.{ending}"'
        assert elsewhere.get(url).status_code == 404
