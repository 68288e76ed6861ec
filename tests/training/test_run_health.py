"""What looks wrong is said in words, with what to try; what is well is passed over."""

import pytest

from training.showing.curves import Curves
from training.showing.health import looks_wrong, with_told

Values = list[float | None]


def curves(**series: Values) -> Curves:
    found = Curves()
    for name, values in series.items():
        for step, value in enumerate(values):
            found.take({"kind": "metrics", "step": step, "values": {name: value}})
    return found


def line(first: float, last: float, count: int = 24) -> Values:
    return [first + (last - first) * n / (count - 1) for n in range(count)]


WELL: dict[str, Values] = {
    "score": line(0, 1),
    "kl": line(0, 4),
    "length": line(30, 34),
    "ended": line(0.8, 0.9),
    "entropy": line(2, 1.6),
}


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ({"loss": [*line(2, 1), None]}, ["Loss was not a number at step 24."]),
        ({"loss": line(1, 2)}, ["The loss rises: it was 1.109"]),
        (
            {"loss": line(2, 1), "held_out_loss": [2.0, 1.5, 1.6, 1.8]},
            ["The held-out loss was 1.5 at its lowest and is 1.8 now"],
        ),
        (
            {"held_out_pair_accuracy": [0.5, 0.5, 0.52, 0.55], "length_baseline": [0.58] * 4},
            ["On held-out pairs it is right in 55%, no more often than a bet"],
        ),
        ({"score_length_correlation": [0.1, 0.3, 0.5, 0.7]}, ["Longer answers score higher"]),
        (WELL | {"kl": line(0, 40)}, ["Possible reward hacking. The reward rises while the KL"]),
        (WELL | {"length": line(20, 60)}, ["Possible reward hacking. Answers grew from"]),
        (
            WELL | {"same_opening": line(0.1, 0.9)},
            ["Possible reward hacking. The reward rises while 81% of answers begin"],
        ),
        (WELL | {"ended": line(0.9, 0.2)}, ["Only 28% of answers end"]),
        (WELL | {"entropy": line(2, 0.2)}, ["The policy's entropy fell"]),
    ],
)
def test_each_trouble_has_its_sentence(series: dict[str, Values], said: list[str]) -> None:
    found = looks_wrong(curves(**series), {"kl": "adaptive", "kl_target": 6.0})
    assert [sentence[: len(begin)] for sentence, begin in zip(found, said, strict=True)] == said


@pytest.mark.parametrize(
    "series",
    [
        WELL,
        {"loss": line(2, 1), "held_out_loss": [2.0, 1.6, 1.5, 1.49]},
        {"loss": line(1, 2, count=6)},
        {"held_out_pair_accuracy": [0.5, 0.6, 0.65, 0.7], "length_baseline": [0.58] * 4},
        {"loss": [3.0]},
        {},
    ],
)
def test_a_run_that_does_well_is_left_alone(series: dict[str, Values]) -> None:
    assert looks_wrong(curves(**series), {}) == []


def test_what_the_run_warned_of_is_not_said_twice() -> None:
    now = ["Possible reward hacking. Answers grew from 20 to 60 tokens."]
    told = ["Answers grew from 20 to 35 tokens.", "The checkpoint of step 2 can't be used."]
    assert with_told(now, told) == [*now, told[1]]
