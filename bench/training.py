"""Our steps beside a bare script of trl's with the same settings: instruction tuning, reward model.

    python bench/training.py data/models/SmolLM2-135M-Instruct

Both train a LoRA of rank 8 on every linear layer in float32 on one thread, on the same rows in the
same batches. Loading, tokenising and checkpoints are outside the clock. The reward model's pairs
have prompts about as long as an answer, twice over, as transcripts have.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.result import Spent, in_turn, one_thread, own_clocks, report

BATCH, STEPS, RANK = 4, 3, 8
WORDS = [
    *("the", "lighthouse", "keeper", "walked", "down", "to", "the", "harbour", "and", "asked"),
    *("whether", "a", "boat", "had", "come", "in"),
]
Rows = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    folder = options.folder.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        for what, ours, theirs, target in (
            ("instruction tuning, steps", our_tuning, their_tuning, 0.97),
            ("reward model, steps", our_reward, their_reward, 0.97),
        ):
            ways = {"ours": ours(folder, Path(scratch)), "trl": theirs(folder, Path(scratch))}
            report(what, in_turn(ways, options.rounds), "ours", "trl", target=target)


def text(number: int, words: int) -> str:
    """Of about 1.1 tokens a word, different for each number."""
    return " ".join(WORDS[(number * 7 + at * (number % 5 + 1)) % len(WORDS)] for at in range(words))


def completions() -> Rows:
    return [
        {"messages": [{"role": "user", "content": text(n, 90)}], "completion": text(n + 50, 30)}
        for n in range(BATCH * STEPS)
    ]


def pairs() -> Rows:
    return [
        {
            "messages": [{"role": "user", "content": text(n, 70)}],
            "chosen": text(n + 30, 35),
            "rejected": text(n + 60, 35),
        }
        for n in range(BATCH * STEPS)
    ]


def work_with(folder: Path, scratch: Path, rows: Rows) -> Any:
    import json

    from training.run.events import Events, Report
    from training.run.folder import RunFolder
    from training.run.stopping import Stop
    from training.run.work import Data, ModelAt, Work

    place = Path(tempfile.mkdtemp(dir=scratch))
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Work(
        folder=RunFolder(place),
        report=Report(Events(place / "events.jsonl")),
        stop=Stop(),
        base=ModelAt("bench", str(folder)),
        way_config={"rank": RANK},
        data=(Data("rows", {"train": "rows.jsonl"}),),
    )


def our_tuning(folder: Path, scratch: Path) -> Callable[[], Spent]:
    from llmkit.tuning.opening import open_base
    from training.methods import sft

    config = sft.Config(max_steps=STEPS, batch_size=BATCH, save_every=10**6, evaluate_every=10**6)
    work = work_with(folder, scratch, completions())
    opened = open_base(folder)
    model, rows = work.tuned(opened.model), sft.mixture(config, work, opened)
    return clocked(sft.trainer_of(config, work, opened, model, rows, None))


def their_tuning(folder: Path, scratch: Path) -> Callable[[], Spent]:
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    rows = [
        {
            "prompt": row["messages"],
            "completion": [{"role": "assistant", "content": row["completion"]}],
        }
        for row in completions()
    ]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    return clocked(
        SFTTrainer(
            model=model,
            args=SFTConfig(**plain(scratch), learning_rate=2e-4, max_length=None),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer(folder),
            peft_config=lora("CAUSAL_LM"),
        )
    )


def our_reward(folder: Path, scratch: Path) -> Callable[[], Spent]:
    from llmkit import heads
    from llmkit.tuning.opening import open_base
    from training.methods import reward
    from training.run.descent import optimiser_of
    from training.run.state import State, learning

    config = reward.Config(max_steps=STEPS, batch_size=BATCH)
    work = work_with(folder, scratch, pairs())
    opened = open_base(folder)
    groups = reward.groups_of(config, work, opened, "train")
    model, head = work.tuned(opened.model), heads.scalar_head(opened.width)
    parameters = learning({"model": model, "head": head})
    learner = reward.Learner(config, opened, model, head)
    learner.state, learner.total = State(parameters, optimiser_of(config, parameters.values())), 10
    step = learner.stepper(groups)

    def steps() -> None:
        for number in range(STEPS):
            work.report.metrics(number, step(number))

    return lambda: own_clocks(steps)


def their_reward(folder: Path, scratch: Path) -> Callable[[], Spent]:
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    def said(text: str) -> list[dict[str, str]]:
        return [{"role": "assistant", "content": text}]

    rows = [
        {
            "prompt": row["messages"],
            "chosen": said(row["chosen"]),
            "rejected": said(row["rejected"]),
        }
        for row in pairs()
    ]
    words = tokenizer(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype="float32", num_labels=1, pad_token_id=words.pad_token_id
    )
    args = RewardConfig(
        **plain(scratch), learning_rate=2e-4, max_length=None, center_rewards_coefficient=0.01
    )
    return clocked(
        RewardTrainer(
            model=model,
            args=args,
            train_dataset=Dataset.from_list(rows),
            processing_class=words,
            peft_config=lora("SEQ_CLS"),
        )
    )


def tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def lora(task: str) -> Any:
    from peft import LoraConfig

    saved = ["score"] if task == "SEQ_CLS" else None
    return LoraConfig(
        r=RANK, lora_alpha=16, target_modules="all-linear", task_type=task, modules_to_save=saved
    )


def plain(scratch: Path) -> dict[str, Any]:
    """What any script of trl's would set to run in float32 on a processor and say nothing."""
    return {
        "output_dir": str(scratch / "trl"),
        "per_device_train_batch_size": BATCH,
        "max_steps": STEPS,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
    }


def clocked(trainer: Any) -> Callable[[], Spent]:
    """Trains once more, and says what passed between the first step's begin and the last's end."""
    from transformers import PrinterCallback, TrainerCallback

    class Clock(TrainerCallback):
        began = ended = (0.0, 0.0)

        def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            if state.global_step == 0:
                self.began = time.perf_counter(), time.process_time()

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            self.ended = time.perf_counter(), time.process_time()

    clock = Clock()
    trainer.add_callback(clock)
    trainer.remove_callback(PrinterCallback)

    def train() -> Spent:
        trainer.train()
        return Spent(
            *(after - before for after, before in zip(clock.ended, clock.began, strict=True))
        )

    return train


if __name__ == "__main__":
    main()
