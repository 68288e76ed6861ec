"""Our PPO beside trl 1.12.0's, the last that had one: speed and memory, the same model and batch.

    python bench/ppo.py data/models/SmolLM2-135M-Instruct

trl 1.12.0 gets a virtual environment of its own, made the first time (some 2 GB with torch) below
.check or in the folder that TRL_PEER names.
Each way runs in a process of its own, in turn, in float32 on one thread: a LoRA of rank 8, a reward
model of the same base with a random head, answers of exactly as many tokens. trl holds policy,
value and reward model apart and trains the value model whole; ours is one base with two heads.
Tokens are those of prompts and answers of a step, memory is the most that a process has held.
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.result import one_thread, say, tell  # noqa: E402

PEER = "1.12.0"
ENVIRONMENT = Path(os.environ.get("TRL_PEER", ROOT / ".check" / f"trl-{PEER}"))
NEEDED = ("torch", "transformers", "peft", "accelerate")
BATCH, PROMPT, ANSWER, PASSES, RANK = 4, 32, 32, 4, 8
WORDS = range(1000, 3000)
CLOCKS = ("wall", "processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2, help="steps that a round measures")
    parser.add_argument("--child", choices=sorted(CHILDREN))
    options = parser.parse_args()
    one_thread()
    if options.child:
        CHILDREN[options.child](options.folder, options.steps)
        return
    if not ready():
        say(f"trl {PEER} is left out: it could not be installed in {ENVIRONMENT}.")
        return
    compare(options.folder.resolve(), options.rounds, options.steps)


def compare(folder: Path, rounds: int, count: int) -> None:
    found = [one_round(folder, count) for _ in range(rounds)]
    what = f"PPO, {BATCH} answers of {ANSWER} tokens, {PASSES} passes: ours ÷ trl {PEER}"
    tokens = BATCH * (PROMPT + ANSWER) * count
    for clock in CLOCKS:
        ours, theirs = ([tokens / each[name][clock] for each in found] for name in ("ours", "trl"))
        note = f"medians {statistics.median(ours):.0f} and {statistics.median(theirs):.0f} tokens/s"
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        tell(what, clock, ratios, target=2, note=note)
    ours, theirs = ([each[name]["memory"] for each in found] for name in ("ours", "trl"))
    note = f"medians {statistics.median(ours) / 2**20:.0f} and "
    note += f"{statistics.median(theirs) / 2**20:.0f} MB"
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    tell(what, "memory", ratios, target=0.5, at_most=True, note=note)


def one_round(folder: Path, count: int) -> dict[str, dict[str, float]]:
    """Said as soon as it is known, for a round takes minutes."""
    found = {name: child(name, folder, count) for name in CHILDREN}
    say(json.dumps(found))
    return found


def ready() -> bool:
    """Whether the peer's environment is there, after making it where it is not."""
    done = ENVIRONMENT / "done"
    if done.is_file():
        return True
    say(f"Installing trl {PEER} in {ENVIRONMENT}.")
    venv.create(ENVIRONMENT, with_pip=True)
    pinned = (ROOT / "requirements.txt").read_text()
    wanted = [re.search(rf"^{name}==\S+", pinned, re.M) for name in NEEDED]
    names = [f"trl=={PEER}", *(match.group() for match in wanted if match)]
    pip = [str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", *names]
    installed = subprocess.run(pip, check=False).returncode == 0
    if installed:
        done.touch()
    return installed


def child(name: str, folder: Path, count: int) -> dict[str, float]:
    python = sys.executable if name == "ours" else str(ENVIRONMENT / "bin" / "python")
    command = [python, __file__, str(folder), "--child", name, "--steps", str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TRL_EXPERIMENTAL_SILENCE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def spent(before: tuple[float, float]) -> dict[str, float]:
    took = dict(zip(CLOCKS, (n - b for n, b in zip(now(), before, strict=True)), strict=True))
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**took, "memory": float(held)}


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def prompts(count: int) -> list[list[int]]:
    """Of equal length, so that nobody reads padding; for so many steps and the one before them."""
    return [
        [WORDS[(row * 37 + at * 11) % len(WORDS)] for at in range(PROMPT)]
        for row in range(BATCH * (count + 1))
    ]


def ours(folder: Path, count: int) -> None:
    """Steps of the method itself, its measures and events among them."""
    from training.methods import ppo
    from training.run.descent import optimiser_of
    from training.run.ppo_learner import Learner
    from training.run.state import State, learning

    config = ppo.Config(
        batch_size=BATCH,
        minibatch=BATCH,
        max_answer=ANSWER,
        passes=PASSES,
        max_steps=count + 1,
        held_out=0,
        kl="fixed",
    )
    with tempfile.TemporaryDirectory() as scratch:
        work, opened = our_run(folder, Path(scratch))
        actors = ppo.actors_of(config, work, opened)
        parameters = learning({"policy": actors.policy, "value": actors.value_head})
        state = State(parameters, optimiser_of(config, parameters.values()))
        learner = Learner(config, work, opened, actors, state, count + 1, [])
        learner.stops = {len(opened.tokenizer) - 1}  # a token that nobody draws

        def step(number: int) -> None:
            work.report.metrics(number, learner.step(prompts(count), number))
            state.step += 1

        say(json.dumps(steps(step, count)))


def steps(step: Callable[[int], None], count: int) -> dict[str, float]:
    """What the steps after the first took."""
    step(0)
    began = now()
    for number in range(count):
        step(number + 1)
    return spent(began)


def our_run(folder: Path, scratch: Path) -> tuple[Any, Any]:
    """The run, and its base with a reward model over it."""
    from llmkit import heads, scoring
    from llmkit.engine.twins import twin
    from llmkit.tuning import get
    from llmkit.tuning.opening import open_base
    from training.run.events import Events, Report
    from training.run.folder import RunFolder
    from training.run.stopping import Stop
    from training.run.work import ModelAt, Work

    opened, reward = open_base(folder), scratch / "reward"
    way = get("lora")
    judge = way.adapt(twin(opened.model, own_config=True), way.config(rank=RANK))
    judge.save_pretrained(str(reward))
    heads.save(heads.scalar_head(opened.width), reward)
    scoring.save_facts(reward, scoring.Normalisation())
    work = Work(
        folder=RunFolder(scratch),
        report=Report(Events(scratch / "events.jsonl")),
        stop=Stop(),
        base=ModelAt("bench", str(folder)),
        way_config={"rank": RANK},
        reward=ModelAt("reward", str(reward)),
    )
    return work, opened


def trl(folder: Path, count: int) -> None:
    """As its own example script has it, in the environment of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        trainer, clock = their_trainer(folder, scratch, count), their_clock()
        trainer.add_callback(clock)
        trainer.train()
    took = (after - before for after, before in zip(clock.ended, clock.began, strict=True))
    say(json.dumps({**spent(now()), **dict(zip(CLOCKS, took, strict=True))}))


def their_trainer(folder: Path, scratch: str, count: int) -> Any:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.experimental.ppo import PPOTrainer

    words = AutoTokenizer.from_pretrained(folder, padding_side="left")
    words.pad_token = "<|endoftext|>"  # noqa: S105  it must not be the token that ends an answer
    return PPOTrainer(
        args=their_settings(scratch, count),
        processing_class=words,
        model=AutoModelForCausalLM.from_pretrained(folder, dtype="float32"),
        ref_model=None,
        reward_model=their_judge(folder),
        value_model=their_judge(folder),
        train_dataset=Dataset.from_dict({"input_ids": prompts(count)}),
        eval_dataset=Dataset.from_dict({"input_ids": prompts(count)[:BATCH]}),
        peft_config=LoraConfig(
            r=RANK, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )


def their_judge(folder: Path) -> Any:
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder, dtype="float32", num_labels=1)


def their_settings(scratch: str, count: int) -> Any:
    from trl.experimental.ppo import PPOConfig

    return PPOConfig(
        output_dir=scratch,
        per_device_train_batch_size=BATCH,
        total_episodes=BATCH * (count + 1),
        num_ppo_epochs=PASSES,
        num_mini_batches=1,
        local_rollout_forward_batch_size=BATCH,
        response_length=ANSWER,
        temperature=1.0,
        num_sample_generations=0,
        save_strategy="no",
        report_to=[],
        bf16=False,
        gradient_checkpointing=False,
        disable_tqdm=True,
    )


def their_clock() -> Any:
    """What passed since the end of the first step."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        began = ended = (0.0, 0.0)

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step == 1:
                self.began = now()
            self.ended = now()

    return Clock()


CHILDREN = {"ours": ours, "trl": trl}

if __name__ == "__main__":
    main()
