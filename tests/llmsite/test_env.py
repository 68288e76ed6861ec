"""The environment is parsed strictly, and .env.example lists all of it."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from llmsite import env

SETTINGS_CODE = ("llmsite/settings.py", "llmsite/env.py")
READ = re.compile(
    r"""(?:env\.)?(?:read\("\w+",|integer\(|one_of\(|size\(|urls\(|environ\.get\()\s*"([A-Z][A-Z_]+)\"""",
    re.S,
)


def _variables_read() -> set[str]:
    code = "".join((settings.BASE_DIR / name).read_text() for name in SETTINGS_CODE)
    return set(READ.findall(code))


def _variables_listed() -> set[str]:
    lines = (settings.BASE_DIR / ".env.example").read_text().splitlines()
    return {match[1] for line in lines if (match := re.match(r"# ([A-Z_]+)=", line))}


def test_the_example_lists_exactly_the_variables_that_are_read() -> None:
    assert _variables_read() == _variables_listed()
    assert {"DATA_DIR", "DATABASE_URL", "THREADS", "ENGINE_URLS"} <= _variables_read()


def test_every_listed_variable_is_explained() -> None:
    paragraphs = (settings.BASE_DIR / ".env.example").read_text().split("\n\n")
    for paragraph in paragraphs:
        assert not re.match(r"# [A-Z_]+=", paragraph), paragraph


@pytest.mark.parametrize("value", ["eighty", "0", "70000", "80.5", "-1"])
def test_a_wrong_number_stops_with_the_variables_name(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ImproperlyConfigured, match=r"^PORT: .*\. See \.env\.example\.$"):
        env.integer("PORT", 8000, low=1, high=65535)


def test_a_word_that_is_no_choice_stops_with_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_BACKEND", "fast")
    with pytest.raises(ImproperlyConfigured, match=r"^ENGINE_BACKEND: Must be one of: auto, paged"):
        env.one_of("ENGINE_BACKEND", ["auto", "paged"])


def test_a_wrong_switch_stops_with_the_variables_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG: "):
        env.read("bool", "DEBUG", False)


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert env.integer("PORT", 8000, low=1, high=65535) == 8000


@pytest.mark.parametrize("value", ["localhost:8001", "ftp://example.org", "http://"])
def test_an_address_that_is_not_http_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_URLS", value)
    with pytest.raises(ImproperlyConfigured, match=r"^ENGINE_URLS: "):
        env.urls("ENGINE_URLS", [])


def test_several_addresses_are_read_without_trailing_slashes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENGINE_URLS", "http://a:1/,https://b.example")
    assert env.urls("ENGINE_URLS", []) == ["http://a:1", "https://b.example"]


@pytest.mark.parametrize(("text", "size"), [("20GB", 20 * 10**9), ("5 MB", 5_000_000), ("7", 7)])
def test_a_size_is_read_with_its_unit(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_UPLOAD_LIMIT", text)
    assert env.size("MODEL_UPLOAD_LIMIT", "1GB") == size


@pytest.mark.parametrize("text", ["much", "-1GB", "1.5GB", "1 ZB"])
def test_a_size_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_UPLOAD_LIMIT", text)
    with pytest.raises(ImproperlyConfigured, match=r"^MODEL_UPLOAD_LIMIT: give a size"):
        env.size("MODEL_UPLOAD_LIMIT", "1GB")


@pytest.mark.parametrize("value", ["mysql://u@h/d", "db.sqlite3", "redis://h"])
def test_a_database_of_another_kind_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL "):
        env.database(Path())


def test_sqlite_lies_in_the_data_folder_and_waits_for_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    config = env.database(tmp_path)
    assert config["NAME"] == str(tmp_path / "db.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_secret_key_is_made_once_and_kept_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "")
    key = env.secret_key(tmp_path)
    assert len(key) >= 50
    assert env.secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_given_secret_key_wins_and_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "given")
    assert env.secret_key(tmp_path) == "given"
    assert not (tmp_path / "secret_key").exists()


def test_a_data_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR: "):
        env.data_dir(tmp_path)
