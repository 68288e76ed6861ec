"""Answers that PPO draws, and the logits that they are judged by."""

from typing import Any

import pytest
import torch

from llmkit import scoring, tuning
from llmkit.engine.sampling import at_share
from llmkit.engine.twins import twin
from llmkit.rl import actors as rl
from llmkit.rl.actors import Rollout, hidden_states, logits_of, sample
from llmkit.rl.drawing import Pen, decoders
from llmkit.tuning.opening import Opened
from llmkit.tuning.reading import positions
from tests.training.run.ppo_actors import actors_for, drawn, zeros


def test_temperature_is_on_every_path(opened: Opened) -> None:
    """Check 10."""
    actors = actors_for(opened, zeros, temperature=0.5)
    rollout = drawn(opened, actors.policy, temperature=0.5)
    with torch.no_grad():
        logits = logits_of(opened.model, rollout)
        wanted = (logits / 0.5).log_softmax(-1).gather(-1, rollout.responses.unsqueeze(-1))
        now, reference = actors.evaluated(rollout), actors.reference_logprobs(rollout)
    torch.testing.assert_close(now.logprobs, wanted.squeeze(-1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(reference, wanted.squeeze(-1), atol=1e-4, rtol=1e-4)
    spread = torch.distributions.Categorical(logits=logits / 0.5).entropy()
    torch.testing.assert_close(now.entropy, spread, atol=1e-4, rtol=1e-4)


def test_padding_on_the_left_changes_no_logit(opened: Opened) -> None:
    """Check 11."""
    rollout = drawn(opened, opened.model)
    together = logits_of(opened.model, rollout)
    for row in range(len(rollout.tokens)):
        kept = rollout.mask[row].bool()
        alone = opened.model(rollout.tokens[row][kept].unsqueeze(0)).logits[0]
        count = int(rollout.lengths[row])
        wanted = alone[-count - 1 : -1]
        torch.testing.assert_close(together[row][:count], wanted, atol=1e-4, rtol=1e-4)


def test_answers_are_drawn_from_the_whole_distribution(opened: Opened) -> None:
    """Checks 10 and 13. What `generate` draws from are the raw logits over the temperature,
    whatever a model's own defaults say."""
    model = twin(opened.model, own_config=True)
    model.generation_config.update(top_k=3, top_p=0.5, repetition_penalty=1.4, min_new_tokens=4)
    made = model.generate(
        input_ids=torch.tensor([[72, 105]]),
        max_new_tokens=4,
        output_scores=True,
        output_logits=True,
        return_dict_in_generate=True,
        **rl.told({opened.eos}, opened.eos, 0.7),
    )
    for scores, logits in zip(made.scores, made.logits, strict=True):
        torch.testing.assert_close(scores, logits / 0.7)


def test_the_values_belong_to_the_states_before_each_token(opened: Opened) -> None:
    rollout = drawn(opened, opened.model)
    states = hidden_states(opened.model, rollout)
    whole = scoring.decoder_of(opened.model)(
        input_ids=rollout.tokens,
        attention_mask=rollout.mask,
        position_ids=positions(rollout.mask),
    ).last_hidden_state
    torch.testing.assert_close(states[:, 0], whole[:, rollout.prompt_length - 1])
    assert states.shape[1] == rollout.responses.shape[1]


def test_a_reward_model_reads_each_answer_up_to_one_end_token(opened: Opened) -> None:
    """Check 2."""
    eos = opened.eos
    tokens = torch.tensor([[eos, 5, 6, eos, eos], [5, 5, 6, 7, 8]])
    mask = torch.tensor([[0, 1, 1, 1, 0], [1, 1, 1, 1, 1]])
    rollout = Rollout(
        tokens, mask, 2, torch.tensor([[1, 1, 0], [1, 1, 1]]).bool(), torch.tensor([True, False])
    )
    assert rollout.sequences(eos) == [[5, 6, eos], [5, 5, 6, 7, 8, eos]]


@pytest.mark.parametrize("lean", [False, True])
def test_a_wish_to_stop_breaks_off_the_drawing(opened: Opened, lean: bool) -> None:
    decoder = decoders(opened.model, opened.model)[0] if lean else None
    limits: dict[str, Any] = {"stops": {opened.eos}, "pad": 0, "most": 50, "decoder": decoder}
    rollout = sample(opened.model, [[72]], wanted=lambda: True, **limits)
    assert rollout.responses.shape[1] == 1


def moved(model: Any, *, steps: int = 2) -> None:
    """Away from where it began, by an optimiser as training has it."""
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    for _ in range(steps):
        model(torch.tensor([[5, 6, 7, 8]])).logits.logsumexp(-1).sum().backward()
        optimiser.step()
        optimiser.zero_grad()


def test_the_lean_decoder_follows_a_policy_that_learns(opened: Opened) -> None:
    """Checks 9 and 11 where the decoder draws: its logits are those of the policy's own pass."""
    actors = actors_for(opened, zeros)
    policy, reference = decoders(opened.model, actors.policy, opened.model)
    assert policy is not None
    assert reference is not None
    moved(actors.policy)
    prompts = [[72, 105, 33, 40], [65, 66]]
    for decoder, model in ((policy, actors.policy), (reference, opened.model)):
        with torch.no_grad():
            pen = Pen(decoder, prompts)
            found = [
                pen.read(prompts),
                pen.write(torch.tensor([50, 51])),
                pen.write(torch.ones(2).long()),
            ]
            for row, prompt in enumerate(prompts):
                whole = model(torch.tensor([[*prompt, 50 + row, 1]])).logits[0, -3:]
                ours = torch.stack([logits[row] for logits in found])
                torch.testing.assert_close(ours, whole, atol=1e-4, rtol=1e-4)


def test_the_lean_decoder_draws_from_the_whole_distribution(opened: Opened) -> None:
    """Checks 10 and 13: each token has its share of the numbers from 0 to 1, and a rollout that is
    drawn near temperature 0 is the policy's likeliest."""
    shares = torch.tensor([[0.5, 0.0, 0.3, 0.2]]).double()
    numbers = (0.0, 0.499, 0.5, 0.799, 0.8, 0.9999999)
    found = [at_share(shares, torch.tensor([[number]]).double()).item() for number in numbers]
    assert found == [0, 0, 2, 2, 3, 3]
    actors = actors_for(opened, zeros, temperature=0.001)
    moved(actors.policy)
    decoder = decoders(opened.model, actors.policy)[0]
    rollout = drawn(opened, actors.policy, temperature=0.001, decoder=decoder)
    likeliest = logits_of(actors.policy, rollout).argmax(-1)
    assert torch.equal(rollout.responses[rollout.response_mask], likeliest[rollout.response_mask])


def test_what_the_lean_decoder_can_not_follow_draws_by_its_module(opened: Opened) -> None:
    way = tuning.get("prompt")
    soft = way.adapt(twin(opened.model, own_config=True), way.config())
    way = tuning.get("selective")
    norms = way.adapt(twin(opened.model, own_config=True), way.config())
    assert decoders(opened.model, soft, norms) == [None, None]
