"""Settings of a dataclass: read from JSON or a form, refused in a sentence, written back."""

from dataclasses import dataclass

import pytest

from llmkit.configs import ConfigError, read, setting, settings_of, written


@dataclass(frozen=True)
class Config:
    rank: int = setting(8, "Rank", "Width.", minimum=1, maximum=64)
    rate: float = setting(1e-4, "Learning rate", minimum=0)
    dropout: float | None = setting(None, "Dropout", maximum=0.9)
    layers: tuple[str, ...] = setting((), "Layers")
    schedule: str = setting("cosine", "Schedule", choices=("cosine", "linear"))
    dora: bool = setting(False, "DoRA", advanced=True)


def test_a_form_and_a_file_give_the_same_config() -> None:
    form = {"rank": "16", "rate": "0.01", "dropout": "", "layers": "q_proj, v_proj", "dora": "on"}
    file = {"rank": 16, "rate": 0.01, "dropout": None, "layers": ["q_proj", "v_proj"], "dora": True}
    assert read(Config, form) == read(Config, file)
    assert read(Config, written(read(Config, file))) == read(Config, file)


def test_what_a_form_needs_to_know_is_in_the_settings() -> None:
    found = {each.name: each for each in settings_of(Config)}
    assert list(found) == ["rank", "rate", "dropout", "layers", "schedule", "dora"]
    assert found["rank"].kind is int
    assert found["rank"].about.maximum == 64
    assert found["dropout"].optional
    assert found["layers"].kind is tuple
    assert found["dora"].about.advanced


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rank": 0}, "Rank must be at least 1."),
        ({"rank": 65}, "Rank must be at most 64."),
        ({"rank": 1.5}, "Rank must be a whole number."),
        ({"rank": True}, "Rank must be a whole number."),
        ({"rate": "fast"}, "Learning rate must be a number."),
        ({"rate": "nan"}, "Learning rate must be a number."),
        ({"schedule": "none"}, "Schedule must be one of: cosine, linear."),
        ({"dora": "perhaps"}, "DoRA must be yes or no."),
        ({"rnk": 3}, "There is no setting 'rnk'. Did you mean 'rank'?"),
    ],
)
def test_a_wrong_setting_gets_one_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(Config, values)
    assert str(refusal.value).startswith(sentence)
