"""What a run that goes wrong is told, and that one that goes well is told nothing."""

from llmkit.rl.watch import warnings

STEPS = 12


def history(**changes: list[float]) -> dict[str, list[float]]:
    calm = {
        "score": [0.1 * step for step in range(STEPS)],
        "kl": [0.2 * step for step in range(STEPS)],
        "length": [40.0] * STEPS,
        "ended": [0.9] * STEPS,
        "entropy": [2.0] * STEPS,
        "same_opening": [0.2] * STEPS,
    }
    return calm | changes


def rising(first: float, last: float) -> list[float]:
    return [first + (last - first) * step / (STEPS - 1) for step in range(STEPS)]


def test_a_calm_run_is_told_nothing() -> None:
    assert warnings(history()) == []


def test_a_run_of_few_steps_is_told_nothing() -> None:
    assert warnings({name: series[:5] for name, series in history(kl=[99.0] * STEPS).items()}) == []


def test_reward_with_runaway_divergence_is_named() -> None:
    (sentence,) = warnings(history(kl=rising(0, 60)))
    assert "KL" in sentence
    assert "raise the KL coefficient" in sentence


def test_divergence_without_a_rising_reward_is_no_hacking() -> None:
    assert warnings(history(kl=rising(0, 60), score=[1.0] * STEPS)) == []


def test_growing_answers_are_named_with_their_lengths() -> None:
    (sentence,) = warnings(history(length=rising(40, 120)))
    assert sentence.startswith("Answers grew from 47 to 113 tokens")


def test_answers_that_stop_ending_and_a_policy_that_collapsed_are_named() -> None:
    found = warnings(history(ended=rising(0.9, 0.1), entropy=rising(2, 0.1)))
    assert len(found) == 2
    assert "end by themselves" in found[0]
    assert "nearly the same" in found[1]


def test_one_answer_for_every_prompt_is_named_while_the_entropy_still_looks_well() -> None:
    (sentence,) = warnings(history(same_opening=rising(0.1, 0.9), entropy=rising(2.8, 1.4)))
    assert "83% of answers begin with the same words, 17% at first" in sentence


def test_a_run_that_goes_on_from_before_openings_were_counted_is_watched_as_it_was() -> None:
    known = history(length=rising(40, 120))
    del known["same_opening"]
    assert len(warnings(known)) == 1
