"""A prompt template that cannot work is explained, never a broken page."""

import re

import pytest

from tests.processes import Chatter

pytestmark = pytest.mark.faults

TEMPLATE = {
    "name": "Faulty",
    "description": "",
    "instruction": "Answer in {tongue}.",
    "input_format": "{text}",
    "output_label": "Answer:",
    "layout": "chat",
    "instruction_as": "system",
    "count": "0",
    "choose": "first",
    "seed": "0",
    "field-name": "text",
    "field-label": "Text",
    "field-multiline": "no",
    "field-placeholder": "",
    "field-default": "",
}


def test_a_template_that_names_a_missing_field_is_refused_in_a_sentence(chatter: Chatter) -> None:
    refused = chatter.post("/templates/new", **TEMPLATE)
    assert refused.status_code == 422
    alert = re.search(r'role="alert">([^<]+)<', refused.text)
    assert alert is not None
    assert "tongue" in alert[1]
    assert 'value="Faulty"' in refused.text


def test_a_message_through_a_template_without_its_field_is_refused(chatter: Chatter) -> None:
    page = chatter.client.get("/chat/").text
    version = re.search(r'<option value="(\d+)"\s*>\s*Summarise', page)
    assert version is not None
    refused = chatter.try_to_send("", template=version[1], shots="0", field_nonsense="x")
    assert refused.status_code == 422
    assert refused.text.count('role="alert"') == 1
