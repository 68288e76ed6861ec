"""Reward models: the faults that every one of them has had somewhere, and that it learns."""

import json
from math import exp, log, log1p
from pathlib import Path
from typing import Any

import pytest
import torch

from llmkit import heads, scoring, tuning
from llmkit.engine.twins import twin
from llmkit.tuning.intervals import mean_with_interval
from llmkit.tuning.judging import calibration_error, correlation, judged, reliability
from llmkit.tuning.opening import Opened
from llmkit.tuning.preference import Group, Pair, grouped, pair_loss, pair_of
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
def scorer(opened: Opened) -> scoring.Scorer:
    torch.manual_seed(1)
    head = heads.scalar_head(opened.width)
    return scoring.Scorer(opened, opened.model, head, scoring.Normalisation())


def test_a_head_begins_with_the_published_deviation_and_without_a_bias() -> None:
    """Check 4."""
    torch.manual_seed(0)
    head = heads.scalar_head(4095)
    assert head.weight.std().item() == pytest.approx(1 / 64, rel=0.05)
    assert head.bias.item() == 0


@pytest.mark.parametrize("pad_is_end", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_score_alone_is_the_score_in_a_padded_batch(
    opened: Opened, scorer: scoring.Scorer, side: str, pad_is_end: bool
) -> None:
    """Check 1. Also where padding is the end token, and where that stands inside the prompt."""
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
    """Check 2."""
    (group,) = grouped(opened.prompts, RUDE[:1], eos=opened.eos, longest=500).groups
    assert all(sequence[-1] == opened.eos for sequence in group.sequences)
    row = RUDE[0]
    by_text = scorer.score([(row["messages"], row["chosen"]), (row["messages"], row["rejected"])])
    assert by_text == pytest.approx(scorer.of_tokens(group.sequences).tolist(), abs=1e-6)


def test_the_same_answer_to_another_prompt_has_another_score(scorer: scoring.Scorer) -> None:
    """Check 3."""
    first, second = scorer.score([(asks("One"), "Yes"), (asks("Two"), "Yes")])
    assert first != second


def test_loss_margin_and_centring_by_hand_and_with_the_answers_swapped() -> None:
    """Check 7."""
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
    """Check 6."""
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
    """Check 6, by prompt."""
    many = mean_with_interval([[1.0] * 50, [0.0] * 50])
    assert many[1:] == (0.0, 1.0)


def test_calibration_by_hand() -> None:
    """Sure of 0.73 on two pairs and right on one: |0.73 − 0.5|."""
    assert calibration_error([1.0, -1.0]) == pytest.approx(1 / (1 + exp(-1)) - 0.5)


def test_a_reliability_table_by_hand() -> None:
    """σ(0.1) = 0.525 twice, right once; σ(3) = 0.953, right; in bins of 0.05 from ½."""
    unsure, sure = reliability([0.1, -0.1, 3.0])
    assert (unsure.sure, unsure.right, unsure.pairs) == (pytest.approx(0.525, abs=1e-3), 0.5, 2)
    assert (sure.sure, sure.right, sure.pairs) == (pytest.approx(0.953, abs=1e-3), 1.0, 1)


def test_score_and_length_correlate_as_by_hand_and_a_bet_on_length_is_its_own_line() -> None:
    """Check 8. Scores 1 2 3 and lengths 2 1 3: r = ½. The shorter answer wins both pairs."""
    one = of_pairs(Pair(1, 0, 1.0, 0.0, None), Pair(0, 2, 1.0, 0.0, None), lengths=[2, 1, 3])
    scores = [[1.0, 2.0, 3.0]]
    assert correlation([one], scores) == pytest.approx(0.5)
    found = judged([one], scores, longer=False)
    assert found["length_baseline"] == 1.0
    assert judged([one], scores, longer=True)["length_baseline"] == 0.0
    assert found["gain_over_length"] == found["held_out_pair_accuracy"] - 1.0 == -0.5


def test_the_gain_over_lengths_has_the_interval_of_paired_pairs() -> None:
    """Where the model is right exactly where the bet is, the gain is 0 without a doubt, though
    both accuracies are uncertain."""
    wins = of_pairs(Pair(0, 1, 1.0, 0.0, None), lengths=[3, 2])
    loses = of_pairs(Pair(0, 1, 1.0, 0.0, None), lengths=[2, 3])
    found = judged([wins, loses], [[1.0, 0.0], [0.0, 1.0]], longer=True)
    assert found["held_out_pair_accuracy_low"] < found["held_out_pair_accuracy_high"]
    assert found["gain_over_length_low"] == found["gain_over_length_high"] == 0


def test_the_model_is_held_against_what_people_said_of_the_same_pairs() -> None:
    """Of three people two chose the first: two of them agree with 1/3, and a model that chooses it
    agrees with 2/3 of them, one that does not with 1/3. Pairs of one person say nothing here."""
    votes = {"votes": {"for": 2, "against": 1, "ties": 0}}
    pair, lonely = pair_of(votes, 0, 1, 1, 1.0), pair_of({}, 0, 1, 1, 1.0)
    groups = [of_pairs(pair, lengths=[1, 1]), of_pairs(lonely, lengths=[1, 1])]
    found = judged(groups, [[1.0, 0.0], [0.0, 1.0]], longer=True)
    assert found["human_agreement"] == pytest.approx(1 / 3)
    assert found["agreement_with_people"] == pytest.approx(2 / 3)
    found = judged(groups, [[0.0, 1.0], [0.0, 1.0]], longer=True)
    assert found["agreement_with_people"] == pytest.approx(1 / 3)
    assert "human_agreement" not in judged(groups[1:], [[0.0, 1.0]], longer=True)


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
    """Check 5."""
    folder = trained(run_of, "run", RUDE, 24)
    measures = measures_of(folder)
    assert measures[24]["held_out_pair_accuracy"] == 1.0
    assert measures[24]["held_out_loss"] < measures[0]["held_out_loss"]
    assert "score_length_correlation" in measures[24]
    facts = json.loads((folder.artifact / "reward.json").read_text())
    assert facts["measures"].items() <= events_of(folder, "ended")[0]["measures"].items()
    assert sum(each["pairs"] for each in facts["reliability"]) == 6
    assert facts["distribution"]["chosen"][2] > facts["distribution"]["rejected"][2]
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


def test_answers_packed_behind_one_prompt_score_as_each_does_alone(
    opened: Opened, scorer: scoring.Scorer
) -> None:
    """Checks 1 and 3 for the packed row: prompts and answers of several lengths, 2 to 4 answers,
    padded with the end token; nothing leaks from one answer into the next."""
    from llmkit.tuning.packing import packs

    answers = ["a", "bb bb", "ccc ccc ccc", "d"]
    rows = [
        {"messages": asks("Rank these"), "chosen": x, "rejected": y}
        for i, x in enumerate(answers)
        for y in answers[i + 1 :]
    ]
    groups = grouped(opened.prompts, [*rows, *RUDE[:3]], eos=opened.eos, longest=200).groups
    assert packs(scoring.decoder_of(opened.model))
    found = scoring.group_scores(opened.model, scorer.head, groups, opened.eos)
    alone = [scorer.of_tokens([sequence]).item() for g in groups for sequence in g.sequences]
    assert found.tolist() == pytest.approx(alone, abs=1e-5)


def test_a_packed_row_sends_the_gradients_of_its_answers_alone(opened: Opened) -> None:
    groups = grouped(opened.prompts, RUDE[:3], eos=opened.eos, longest=200).groups
    sequences = [sequence for group in groups for sequence in group.sequences]
    apart = scoring.padded(sequences, opened.pad, opened.model.device)
    found = []
    for packs_them in (True, False):
        torch.manual_seed(0)
        way = tuning.get("lora")
        model = way.adapt(twin(opened.model, own_config=True), way.config(rank=4))
        head = heads.scalar_head(opened.width)
        scores = (
            scoring.group_scores(model, head, groups, opened.pad)
            if packs_them
            else scoring.raw_scores(model, head, *apart)
        )
        (scores[::2] - scores[1::2]).sum().backward()
        found.append([p.grad for p in model.parameters() if p.requires_grad])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
