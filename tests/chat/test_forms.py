"""Generation settings as a person types them."""

import pytest

from chat.forms import SettingsForm
from llmkit.types import GenerationSettings

GOOD = {
    "decoding": "sampling",
    "max_tokens": "64",
    "temperature": "0.8",
    "top_k": "40",
    "top_p": "0.9",
    "repetition_penalty": "1.1",
    "seed": "7",
    "stop": "END\n\\n\\n",
}


def test_the_form_gives_the_settings_that_were_typed() -> None:
    form = SettingsForm(GOOD)
    assert form.is_valid(), form.errors
    assert form.generation_settings == GenerationSettings(
        max_tokens=64,
        temperature=0.8,
        top_k=40,
        top_p=0.9,
        repetition_penalty=1.1,
        seed=7,
        stop=("END", "\n\n"),
    )


def test_greedy_is_temperature_nought_whatever_the_field_says() -> None:
    form = SettingsForm({**GOOD, "decoding": "greedy"})
    assert form.is_valid()
    assert form.generation_settings.greedy


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("temperature", "9", "Temperature"),
        ("top_p", "1.5", "Top-p"),
        ("top_p", "0", "Top-p"),
        ("top_k", "-1", "Top-k"),
        ("max_tokens", "0", "Max new tokens"),
        ("max_tokens", "many", "Max new tokens"),
        ("seed", "-3", "Seed"),
        ("repetition_penalty", "0", "Repetition penalty"),
        ("stop", "\n".join("abcdefghi"), "stop strings"),
    ],
)
def test_a_value_out_of_range_is_refused_with_one_sentence(
    field: str, value: str, words: str
) -> None:
    form = SettingsForm({**GOOD, field: value})
    assert not form.is_valid()
    assert words in form.first_error


def test_settings_survive_the_form_and_back() -> None:
    settings = GenerationSettings(max_tokens=9, stop=("a\nb",), seed=3)
    values = {k: "" if v is None else v for k, v in SettingsForm.values(settings).items()}
    bound = SettingsForm(values | {"stop": SettingsForm().fields["stop"].prepare_value(["a\nb"])})
    assert bound.is_valid(), bound.errors
    assert bound.generation_settings == settings
