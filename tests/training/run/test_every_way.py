"""Every way of tuning under every method that says it can: the same numbers on every path."""

from pathlib import Path
from typing import Any

import pytest
import torch

from llmkit import heads, scoring, tuning
from llmkit.engine.twins import twin
from llmkit.rl.actors import Rollout, logits_of, sample, to_draw_from, told
from llmkit.tuning.opening import Opened, with_adapter
from tests.training.run.conftest import RunMaker, events_of, measures_of
from tests.training.run.ppo_actors import ASKED
from tests.training.run.test_reward import RUDE
from tests.training.run.test_sft import same
from training import methods
from training.run.folder import RunFolder
from training.run.running import CANCELLED, FAILED, SUCCEEDED, run
from training.run.stopping import Stop

WAYS = ("lora", "selective", "adapters", "ia3", "prompt", "p-tuning", "prefix")
PROMPTS = [[40, 41, 42], [50, 51, 52, 53, 54, 55, 56], [60]]


def tuned(opened: Opened, name: str) -> Any:
    """A model that what learns has moved away from the base."""
    torch.manual_seed(0)
    way = tuning.get(name)
    model = way.adapt(twin(opened.model, own_config=True), way.config()).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.05 * torch.randn_like(parameter)
    return model


@pytest.mark.parametrize("name", WAYS)
def test_logits_in_a_padded_batch_are_those_that_answers_are_drawn_from(
    opened: Opened, name: str
) -> None:
    """Checks 9 and 11 for each way: what `generate` draws from, padded on the left, is what one
    pass over the rollout says, and what PEFT's own pass says of each row alone."""
    model = tuned(opened, name)
    rollout = sample(model, PROMPTS, stops={opened.eos}, pad=opened.eos, most=6)
    with torch.no_grad():
        together = logits_of(model, rollout)
        for row in range(len(PROMPTS)):
            kept, count = rollout.mask[row].bool(), int(rollout.lengths[row])
            alone = model(input_ids=rollout.tokens[row][kept].unsqueeze(0)).logits[0]
            torch.testing.assert_close(
                together[row][:count], alone[-count - 1 : -1], atol=1e-4, rtol=1e-4
            )
            assert_drawn_from(model, rollout, row, together[row][:count])


def assert_drawn_from(model: Any, rollout: Rollout, row: int, wanted: torch.Tensor) -> None:
    """Generation that is made to say the same again, in the same padded batch."""
    begins, never = rollout.prompt_length, int(rollout.tokens.max()) + 1
    drawer, inputs = to_draw_from(model, rollout.tokens[:, :begins], rollout.mask[:, :begins])
    made = drawer.generate(
        **inputs,
        max_new_tokens=rollout.responses.shape[1],
        logits_processor=[Say(rollout.responses)],
        output_logits=True,
        return_dict_in_generate=True,
        **told({never}, never, 1.0),
    )
    found = torch.stack(made.logits, 1)[row][: len(wanted)]
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


class Say:
    """Lets one token through at each place."""

    def __init__(self, answers: torch.Tensor) -> None:
        self.left = list(answers.unbind(1))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        only = torch.full_like(scores, float("-inf"))
        return only.scatter(1, self.left.pop(0).unsqueeze(1), 0.0)


@pytest.mark.parametrize("name", WAYS)
def test_a_saved_reward_model_scores_alone_as_in_a_batch_and_as_it_did(
    opened: Opened, name: str, tmp_path: Path
) -> None:
    """Check 1 for each way, and that nothing of it is lost on disk."""
    model, head = tuned(opened, name), heads.scalar_head(opened.width)
    rows = [[40, 41, opened.eos], [50, opened.eos, 51, 52, 53, opened.eos]]
    with torch.no_grad():
        padded = scoring.raw_scores(model, head, *scoring.padded(rows, opened.eos, "cpu")).tolist()
        alone = [
            scoring.raw_scores(model, head, *scoring.padded([row], opened.eos, "cpu")).item()
            for row in rows
        ]
        model.save_pretrained(str(tmp_path))
        again = with_adapter(twin(opened.model, own_config=True), tmp_path).eval()
        kept = scoring.raw_scores(again, head, *scoring.padded(rows, opened.eos, "cpu")).tolist()
    assert padded == pytest.approx(alone, abs=1e-4)
    assert kept == pytest.approx(padded, abs=1e-4)


@pytest.mark.parametrize("method", ["reward", "dpo", "ppo"])
@pytest.mark.parametrize("name", ["prompt", "p-tuning", "prefix"])
def test_soft_prompts_learn_from_preferences_and_rewards(
    method: str,
    name: str,
    run_of: RunMaker,
    reward_model: Any,
) -> None:
    folder = run_of(
        method,
        "run",
        ASKED if method == "ppo" else RUDE,
        peft={"kind": name, "tokens": 2},
        more={"reward_model": {"name": "r", "path": str(reward_model)}},
        max_steps=1,
        batch_size=2,
        evaluate_every=1,
        **({"max_answer": 3, "held_out": 2, "passes": 1} if method == "ppo" else {}),
    )
    assert run(folder, Stop()) == SUCCEEDED, events_of(folder, "ended")
    assert methods.get(method).main_measure in measures_of(folder)[1]
    assert (folder.artifact / "adapter_model.safetensors").is_file()


def test_a_folder_with_a_way_that_the_method_cannot_use_is_refused(run_of: RunMaker) -> None:
    folder = run_of("ppo", "run", ASKED, peft={"kind": "full"})
    assert run(folder, Stop()) == FAILED
    (ended,) = events_of(folder, "ended")
    assert ended["error"].startswith("PPO can't be done with full. It takes: lora, qlora,")


class After(Stop):
    """Wanted once so many steps are done."""

    def __init__(self, folder: RunFolder, step: int) -> None:
        self.folder, self.step = folder, step

    @property
    def wanted(self) -> bool:
        return any(event["done"] >= self.step for event in events_of(self.folder, "progress"))


def test_p_tuning_goes_on_with_the_network_that_makes_its_vectors(run_of: RunMaker) -> None:
    """PEFT's checkpoints hold the vectors alone; going on from these would begin somewhere else."""
    way = {"kind": "p-tuning", "tokens": 2, "width": 8}
    short = {"max_steps": 3, "batch_size": 2, "sample_tokens": 0, "learning_rate": 0.01}
    alone, stopped = (run_of("sft", name, peft=way, **short) for name in ("alone", "stopped"))
    assert run(alone, Stop()) == SUCCEEDED
    assert run(stopped, After(stopped, 1)) == CANCELLED
    assert run(stopped, Stop()) == SUCCEEDED
    assert same(alone, stopped)


def test_a_p_tuning_adapter_is_not_trained_further(run_of: RunMaker, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "P_TUNING"}')
    folder = run_of("sft", more={"adapter": {"name": "a", "path": str(tmp_path)}}, max_steps=1)
    assert run(folder, Stop()) == FAILED
    (ended,) = events_of(folder, "ended")
    assert ended["error"].startswith("A P-tuning adapter can't be trained further")
