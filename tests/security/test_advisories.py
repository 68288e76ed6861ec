"""Pinned versions against a small database of advisories that are made up."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import advisories


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    package = {"ecosystem": "PyPI", "name": name}
    affected = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}
    return {"id": f"TEST-{name}", "summary": "Opens every door", "affected": [affected], **more}


@pytest.mark.parametrize(
    ("version", "events", "found"),
    [
        ("1.9", [{"introduced": "0"}, {"fixed": "1.10"}], True),
        ("1.10", [{"introduced": "0"}, {"fixed": "1.10"}], False),
        ("1.0", [{"introduced": "1.1"}], False),
        ("2.5", [{"introduced": "0"}, {"fixed": "1.1"}, {"introduced": "2.0"}], True),
        ("1.5", [{"introduced": "0"}, {"fixed": "1.1"}, {"introduced": "2.0"}], False),
        ("1.5", [{"introduced": "1.0"}, {"last_affected": "1.5"}], True),
        ("1.6", [{"introduced": "1.0"}, {"last_affected": "1.5"}], False),
        ("1.0rc1", [{"introduced": "0"}, {"fixed": "1.0"}], True),
        ("1.0", [{"introduced": "nonsense"}], False),
    ],
)
def test_a_version_is_affected_between_introduced_and_fixed(
    version: str, events: list[dict[str, str]], found: bool
) -> None:
    known = [advisory("Some.Package", *events)]
    assert bool(list(advisories.findings({"some-package": version}, known))) is found


def test_pins_are_read_with_extras_and_without_what_is_open(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("-r other.txt\n# no==1\npsycopg[binary]==3.3.9\nDjango == 5.2.19 ; x\nopen>1\n")
    assert advisories.pins([file]) == {"psycopg": "3.3.9", "django": "5.2.19"}


def test_the_command_names_what_it_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = advisories.pins([advisories.ROOT / "requirements.txt"])
    (tmp_path / "deep").mkdir()
    everything = {"introduced": "0"}
    for number, found in enumerate(
        [
            advisory("django", everything, {"fixed": "99.0"}),
            advisory("torch", everything, withdrawn="2026-01-01T00:00:00Z"),
            advisory("nobody-has-this", everything),
        ]
    ):
        (tmp_path / "deep" / f"{number}.json").write_text(json.dumps(found))
    assert advisories.main([str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert f"django {pinned['django']}: TEST-django, Opens every door; fixed in 99.0" in told
    assert "torch" not in told and "2 advisories: 1 found" in told
    monkeypatch.delenv("ADVISORIES", raising=False)
    assert advisories.main([]) == 0 and "Skipped" in capsys.readouterr().out
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match=r"broken\.json is no advisory"):
        advisories.main([str(tmp_path)])
