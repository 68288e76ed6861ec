"""The contract of every method: its form, its defaults, a run of one step, what it leaves."""

from typing import Any

import pytest

from llmkit import tuning
from llmkit.configs import read, settings_of, written
from tests.training.run.conftest import RunMaker, events_of, measures_of
from tests.training.run.test_ppo import ASKED, reward_model  # noqa: F401
from tests.training.run.test_reward import RUDE
from tests.training.run.test_sft import SUMS
from training import methods
from training.run.running import SUCCEEDED, run
from training.run.stopping import Stop

ROWS: dict[str, list[dict[str, Any]]] = {"sft": SUMS, "reward": RUDE, "dpo": RUDE, "ppo": ASKED}
EVERY = methods.names()


@pytest.mark.parametrize("name", EVERY)
def test_its_config_makes_a_form_and_comes_back_from_a_file(name: str) -> None:
    config = methods.get(name).config
    settings = settings_of(config)
    assert {each.name for each in settings} == set(written(config()))
    assert all(each.about.label for each in settings)
    assert read(config, written(config())) == config()


@pytest.mark.parametrize("name", EVERY)
def test_its_slots_and_ways_are_known(name: str) -> None:
    method = methods.get(name)
    assert next(slot.name for slot in method.slots) == "model"
    assert method.slots[-1].what == "dataset"
    assert set(method.ways) <= set(tuning.names())
    assert method.summary.endswith(".")


@pytest.mark.parametrize("name", EVERY)
def test_a_run_of_two_steps_leaves_an_artifact_and_its_measures(
    name: str,
    run_of: RunMaker,
    reward_model: Any,  # noqa: F811
) -> None:
    folder = run_of(
        name,
        "run",
        ROWS[name],
        more={"reward_model": {"name": "r", "path": str(reward_model)}},
        max_steps=2,
        batch_size=2,
        evaluate_every=2,
        save_every=2,
        **({"max_answer": 4, "held_out": 2} if name == "ppo" else {}),
    )
    assert run(folder, Stop()) == SUCCEEDED
    assert methods.get(name).main_measure in measures_of(folder)[2]
    assert {"loss", "policy_loss"} & measures_of(folder)[2].keys()
    assert (folder.artifact / "manifest.json").is_file()
    config = (folder.artifact / "adapter_config.json").read_text()
    assert '"base_model_name_or_path": "tiny"' in config
    assert events_of(folder, "ended")[-1]["measures"]
