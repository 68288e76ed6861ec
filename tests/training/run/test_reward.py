"""Reward models: the faults that every one of them has had somewhere, and that it learns."""

from math import exp, log, log1p
from pathlib import Path
from typing import Any

import pytest
import torch

from llmkit import heads, scoring
from llmkit.tuning.intervals import mean_with_interval
from llmkit.tuning.judging import calibration_error, judged
from llmkit.tuning.opening import Opened, open_base
from llmkit.tuning.preference import Group, Pair, grouped, pair_loss
from tests.training.run.conftest import RunMaker, events_of, in_a_child, measures_of
from tests.training.run.test_sft import wait_for_step
from training.run.folder import RunFolder
from training.run.running import CANCELLED, SUCCEEDED, run
from training.run.stopping import Stop


def asks(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


RUDE: list[dict[str, Any]] = [
    {"messages": asks(f"Question {n}"), "chosen": f"Yes, {n}. Gladly!", "rejected": f"No. {n}"}
    for n in range(24)
]
SHORT = {"batch_size": 4, "save_every": 2, "evaluate_every": 4, "learning_rate": 0.003}


@pytest.fixture(scope="module")
def opened(tiny_models_dir: Path) -> Opened:
    return open_base(tiny_models_dir / "tiny")


@pytest.fixture(scope="module")
def scorer(opened: Opened) -> scoring.Scorer:
    torch.manual_seed(1)
    head = heads.scalar_head(opened.width)
    return scoring.Scorer(opened, opened.model, head, scoring.Normalisation())


def test_a_head_begins_with_the_published_deviation_and_without_a_bias() -> None:
    torch.manual_seed(0)
    head = heads.scalar_head(4095)
    assert head.weight.std().item() == pytest.approx(1 / 64, rel=0.05)
    assert head.bias.item() == 0


@pytest.mark.parametrize("pad_is_end", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_score_alone_is_the_score_in_a_padded_batch(
    opened: Opened, scorer: scoring.Scorer, side: str, pad_is_end: bool
) -> None:
    """Also where padding is the end token, and where that stands inside the prompt."""
    eos = opened.eos
    pad = eos if pad_is_end else opened.tokenizer.pad_token_id
    rows = [[eos, 72, 101, eos], [72, 101, 108, 108, 111, 33, 34, eos], [105, eos, 105, eos]]
    alone = [scorer.of_tokens([row]).item() for row in rows]
    longest = max(map(len, rows))
    fill = [[pad] * (longest - len(row)) for row in rows]
    ones = [[1] * len(row) for row in rows]
    if side == "left":
        tokens = torch.tensor([f + r for f, r in zip(fill, rows, strict=True)])
        mask = torch.tensor([[0] * len(f) + o for f, o in zip(fill, ones, strict=True)])
    else:
        tokens = torch.tensor([r + f for f, r in zip(fill, rows, strict=True)])
        mask = torch.tensor([o + [0] * len(f) for f, o in zip(fill, ones, strict=True)])
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    hidden = scoring.decoder_of(opened.model)(
        input_ids=tokens, attention_mask=mask, position_ids=positions
    ).last_hidden_state
    found = heads.at_last_token(heads.applied(scorer.head, hidden), mask)
    assert found.tolist() == pytest.approx(alone, abs=1e-5)
    assert scorer.of_tokens(rows).tolist() == pytest.approx(alone, abs=1e-5)


def test_scoring_reads_what_training_read_up_to_the_end_token(
    opened: Opened, scorer: scoring.Scorer
) -> None:
    (group,) = grouped(opened.prompts, RUDE[:1], eos=opened.eos, longest=500).groups
    assert all(sequence[-1] == opened.eos for sequence in group.sequences)
    row = RUDE[0]
    by_text = scorer.score([(row["messages"], row["chosen"]), (row["messages"], row["rejected"])])
    assert by_text == pytest.approx(scorer.of_tokens(group.sequences).tolist(), abs=1e-6)


def test_the_same_answer_to_another_prompt_has_another_score(scorer: scoring.Scorer) -> None:
    first, second = scorer.score([(asks("One"), "Yes"), (asks("Two"), "Yes")])
    assert first != second


def test_loss_margin_and_centring_by_hand_and_with_the_answers_swapped() -> None:
    better, worse = torch.tensor([2.0, 0.5]), torch.tensor([1.0, 1.5])
    weights, margins = torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0])
    by_hand = (0.5 * log1p(exp(-1.0)) + 0.5 * log1p(exp(2.0))) / 1
    found = pair_loss(better, worse, weights, margins, prompts=1)
    assert found.item() == pytest.approx(by_hand)
    centred = pair_loss(better, worse, weights, margins, prompts=1, centring=0.1)
    assert centred.item() == pytest.approx(by_hand + 0.1 * (9 + 4) / 2)
    none = torch.zeros(2)
    swapped = pair_loss(worse, better, weights, none, prompts=1).item()
    plain = pair_loss(better, worse, weights, none, prompts=1).item()
    gaps = (better - worse) @ weights
    assert swapped == pytest.approx(plain + gaps.item())
    assert pair_loss(none, none, weights, none, prompts=1).item() == pytest.approx(log(2))


def test_all_pairs_of_a_prompt_weigh_one_and_each_answer_is_read_once(opened: Opened) -> None:
    answers = ["a", "b", "c", "d"]
    rows = [
        {"messages": asks("Rank"), "chosen": x, "rejected": y, "weight": 1 / 6}
        for i, x in enumerate(answers)
        for y in answers[i + 1 :]
    ]
    (group,) = grouped(opened.prompts, rows, eos=opened.eos, longest=99).groups
    assert len(group.sequences) == 4
    assert len(group.pairs) == 6
    assert sum(pair.weight for pair in group.pairs) == pytest.approx(1)


def test_a_pair_that_does_not_fit_is_counted(opened: Opened) -> None:
    rows = [{"messages": asks("x"), "chosen": "y" * 90, "rejected": "z"}, RUDE[0]]
    found = grouped(opened.prompts, rows, eos=opened.eos, longest=80)
    assert (found.dropped, found.pairs) == (1, 1)


def of_pairs(*pairs: Pair, lengths: list[int]) -> Group:
    return Group([[1]] * len(lengths), lengths, list(pairs))


def test_accuracy_counts_half_for_equal_scores_and_knows_its_interval_by_prompt() -> None:
    pair = Pair(0, 1, 1.0, 0.0, None)
    groups = [of_pairs(pair, lengths=[3, 2]) for _ in range(4)]
    found = judged(groups, [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]], longer=True)
    assert found["held_out_pair_accuracy"] == 0.625
    assert found["held_out_pair_accuracy_low"] < 0.625 < found["held_out_pair_accuracy_high"]
    assert found["length_baseline"] == 1.0
    assert found["held_out_loss"] == pytest.approx(
        (2 * log1p(exp(-1)) + log(2) + log1p(exp(1))) / 4
    )


def test_pairs_of_one_prompt_do_not_make_an_interval_narrow() -> None:
    many = mean_with_interval([[1.0] * 50, [0.0] * 50])
    assert many[1:] == (0.0, 1.0)


def test_calibration_by_hand() -> None:
    """Sure of 0.73 on two pairs and right on one: |0.73 − 0.5|."""
    assert calibration_error([1.0, -1.0]) == pytest.approx(1 / (1 + exp(-1)) - 0.5)


def test_people_agree_as_often_as_two_of_them_would() -> None:
    rows: dict[str, Any] = {"votes": {"for": 2, "against": 1, "ties": 0}}
    from llmkit.tuning.preference import agreement

    assert agreement(rows["votes"]) == pytest.approx(1 / 3)
    assert agreement({"for": 1, "against": 0, "ties": 0}) is None


def trained(run_of: RunMaker, name: str, rows: list[dict[str, Any]], steps: int) -> RunFolder:
    folder = run_of("reward", name, rows, max_steps=steps, **SHORT)
    assert run(folder, Stop()) == SUCCEEDED
    return folder


def test_a_toy_preference_is_learned_and_its_scores_are_normalised(
    run_of: RunMaker, tiny_models_dir: Path
) -> None:
    folder = trained(run_of, "run", RUDE, 24)
    measures = measures_of(folder)
    assert measures[24]["held_out_pair_accuracy"] == 1.0
    assert measures[24]["held_out_loss"] < measures[0]["held_out_loss"]
    assert "score_length_correlation" in measures[24]
    scorer = scoring.open_scorer(tiny_models_dir / "tiny", folder.artifact)
    held_out = RUDE[18:]
    scores = scorer.score(
        [(row["messages"], row[side]) for row in held_out for side in ("chosen", "rejected")]
    )
    assert sum(scores) / len(scores) == pytest.approx(0, abs=1e-3)
    assert sum(score**2 for score in scores) / len(scores) == pytest.approx(1, abs=1e-2)
    assert all(better > worse for better, worse in zip(scores[::2], scores[1::2], strict=True))


def test_a_stopped_reward_run_goes_on_to_the_same_scores(run_of: RunMaker) -> None:
    from tests.training.run.test_sft import same

    alone = trained(run_of, "alone", RUDE, 6)
    stopped = run_of("reward", "stopped", RUDE, max_steps=6, **SHORT)
    child = in_a_child(stopped)
    wait_for_step(stopped, 3)
    child.terminate()
    child.join(60)
    assert child.exitcode == CANCELLED
    assert run(stopped, Stop()) == SUCCEEDED
    assert same(alone, stopped)
    assert len(events_of(stopped, "resumed")) == 1
    facts = [(f.artifact / "reward.json").read_text() for f in (alone, stopped)]
    assert facts[0] == facts[1]
