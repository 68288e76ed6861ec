"""The contract of every method: its form, its defaults, a run of one step, what it leaves."""

from pathlib import Path
from typing import Any

import pytest

from llmkit import tuning
from llmkit.configs import read, settings_of, written
from tests.training.run.conftest import RunMaker, events_of, measures_of
from tests.training.run.ppo_actors import ASKED
from tests.training.run.test_reward import RUDE
from tests.training.run.test_sft import SUMS
from training import methods
from training.run import checkpoints
from training.run.running import SUCCEEDED, run
from training.run.stopping import Stop

ROWS: dict[str, list[dict[str, Any]]] = {"sft": SUMS, "reward": RUDE, "dpo": RUDE, "ppo": ASKED}
EVERY = methods.names()
QUICK: dict[str, dict[str, int]] = {
    "sft": {"sample_tokens": 0},
    "ppo": {"max_answer": 4, "held_out": 2},
}
ALIKE = {"seconds_per_step", "tokens_per_second", "memory_bytes", "memory_peak_bytes"}


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
    reward_model: Any,
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
        **QUICK.get(name, {}),
    )
    assert run(folder, Stop()) == SUCCEEDED
    assert methods.get(name).main_measure in measures_of(folder)[2]
    assert {"loss", "policy_loss"} & measures_of(folder)[2].keys()
    assert measures_of(folder)[2].keys() >= ALIKE
    assert measures_of(folder)[2]["memory_peak_bytes"] >= measures_of(folder)[2]["memory_bytes"] > 0
    phases = [event["text"] for event in events_of(folder, "phase")]
    assert phases[:2] == ["Loading the model", "Reading the data"]
    assert {"Looking at held-out rows", "Training", "Saving"} <= set(phases[2:])
    assert (folder.artifact / "manifest.json").is_file()
    config = (folder.artifact / "adapter_config.json").read_text()
    assert '"base_model_name_or_path": "tiny"' in config
    assert events_of(folder, "ended")[-1]["measures"]


@pytest.mark.parametrize("name", EVERY)
def test_it_stops_early_and_keeps_the_best_weights(
    name: str,
    run_of: RunMaker,
    reward_model: Any,
) -> None:
    """Steps far too large make it worse from the second look on. PPO's steps are so small that
    the same answers come again, which is no better either."""
    folder = run_of(
        name,
        "run",
        ROWS[name],
        more={"reward_model": {"name": "r", "path": str(reward_model)}},
        max_steps=9,
        batch_size=2,
        evaluate_every=1,
        save_every=1,
        keep_checkpoints=1,
        patience=2,
        warmup=0.0,
        learning_rate=1e-9 if name == "ppo" else 1.0,
        **QUICK.get(name, {}),
    )
    assert run(folder, Stop()) == SUCCEEDED
    ended = events_of(folder, "ended")[-1]["measures"]
    best, stopped = ended["best_step"], ended["stopped_early_at"]
    assert best + 2 == stopped < 9
    measures, watched = measures_of(folder), "held_out_score" if name == "ppo" else "held_out_loss"
    (look,) = [
        event["values"][watched]
        for event in events_of(folder, "metrics")
        if event["step"] == best and watched in event["values"]
    ]
    assert ended[watched] == pytest.approx(look, rel=1e-5)
    assert max(measures) == stopped
    (told,) = [e["text"] for e in events_of(folder, "log") if e["text"].startswith("Stopped early")]
    assert told.endswith(f"The weights of step {best} are kept.")
    kept = checkpoints.folder_of(folder.checkpoints, best)
    assert weights_in(folder.artifact) <= weights_in(kept)


def weights_in(folder: Path) -> set[bytes]:
    """The tensors of every safetensors file, whatever they are called."""
    from safetensors.torch import load_file

    found = [load_file(path) for path in folder.glob("*.safetensors")]
    return {t.contiguous().numpy().tobytes() for file in found for t in file.values()}
