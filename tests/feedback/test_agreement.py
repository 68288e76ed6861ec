"""The measures of a project, from imported rankings to the shell's JSON."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from feedback.measures.kappa import fleiss_kappa
from feedback.measures.krippendorff import alpha

pytestmark = pytest.mark.django_db

KEYS = [
    "krippendorff_nominal",
    "krippendorff_ordinal",
    "fleiss_kappa",
    "cohen_kappa",
    "kendall_w",
    "n_units",
]


def test_the_measures_are_those_of_candidate_pairs_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"ada": [[0], [1], [2]], "bob": [[0], [2], [1]], "eve": [[0, 1], [2]]}
    path = tmp_path / "rows.jsonl"
    candidates = [{"text": text} for text in "abc"]
    path.write_text(
        "\n".join(
            json.dumps(
                {"task": "t", "prompt": "p", "candidates": candidates}
                | {"annotator": name, "tiers": tiers}
            )
            for name, tiers in said.items()
        )
    )
    call_command("import_preferences", str(path), format="annotations", project="p")
    capsys.readouterr()
    call_command("agreement", project="p", format="json")
    told = json.loads(capsys.readouterr().out)
    # Units {0,1}, {0,2}, {1,2}; columns ada, bob, eve.
    units = [[1, 1, 0], [1, 1, 1], [1, -1, 1]]
    assert list(told)[:6] == KEYS
    assert told["n_units"] == 3
    assert told["krippendorff_nominal"] == pytest.approx(alpha(units))
    assert told["krippendorff_ordinal"] == pytest.approx(alpha(units, "ordinal"))
    assert told["fleiss_kappa"] == pytest.approx(fleiss_kappa(units))
    # R = (1 + 1 + 1.5, 2 + 3 + 1.5, 3 + 2 + 3) = (3.5, 6.5, 8), one tied pair.
    squares = 12 * (3.5**2 + 6.5**2 + 8**2) - 3 * 9 * 3 * 16
    assert told["kendall_w"] == pytest.approx(squares / (9 * 24 - 3 * 6))
