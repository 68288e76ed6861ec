"""Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290), by trl's trainer.

Sample: {"messages": [{"role": "user", "content": "…"}], "chosen": "…", "rejected": "…"}
The cheaper road from the same pairs: no reward model, no drawing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.configs import setting
from llmkit.tuning.memory_plan import Load
from training.methods.look import Look, Rows
from training.methods.method import Method, Slot, file
from training.methods.schedule import Schedule, steps_of_trainer
from training.run.errors import RunError
from training.run.pace import READING

if TYPE_CHECKING:
    from llmkit.tuning.opening import Opened, Reading
    from training.run.work import Work

RENAMED = {
    "rewards/accuracies": "pair_accuracy",
    "rewards/margins": "reward_margin",
    "eval_rewards/accuracies": "held_out_pair_accuracy",
    "eval_rewards/margins": "held_out_reward_margin",
}


@dataclass(frozen=True)
class Config(Schedule):
    learning_rate: float = setting(5e-5, "Learning rate", minimum=1e-9, maximum=1)
    beta: float = setting(
        0.1, "Beta", "How near the model stays to what it was; larger is nearer.", minimum=0.001
    )
    max_length: int = setting(
        1024, "Longest sequence", "A pair with a longer one is left out.", minimum=8, unit="tokens"
    )


def run(config: Config, work: "Work") -> Mapping[str, float]:
    from llmkit.tuning.opening import open_base
    from training.run.artifacts import save_tuned, writing
    from training.run.descent import seed_all
    from training.run.trainer import train

    opened = open_base(Path(work.base.path), precision=work.precision)
    work.report.phase(READING)
    pairs, held_out = (rows_of(config, work, opened, split) for split in ("train", "validation"))
    if pairs is None:
        raise RunError("No pair is left to train on. Check the dataset and the longest length.")
    seed_all(config.seed)
    trainer = trainer_of(config, work, opened, pairs, held_out)
    train(trainer, work, lambda: measured(trainer, held_out))
    with writing(work) as folder:
        save_tuned(trainer.model, opened.tokenizer, folder, work.base.name)
    return measured(trainer, held_out)


def trainer_of(config: Config, work: "Work", opened: "Opened", pairs: Any, held_out: Any) -> Any:
    from trl import DPOConfig, DPOTrainer

    from llmkit.engine.twins import twin
    from llmkit.tuning.opening import with_adapter
    from training.run.trainer import Watch, arguments, callbacks

    class OfTokens(DPOTrainer):
        """Takes rows that are in tokens already, through the prompt that the chat sends."""

        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            return dataset

    policy, reference = work.tuned(twin(opened.model, own_config=True)), opened.model
    if work.adapter is not None:
        reference = with_adapter(twin(opened.model, own_config=True), Path(work.adapter.path))
    settings = arguments(config, work, evaluates=held_out is not None)
    return OfTokens(
        model=policy,
        ref_model=reference,
        args=DPOConfig(**settings, beta=config.beta, max_length=None),
        train_dataset=pairs,
        eval_dataset=held_out,
        processing_class=opened.tokenizer,
        callbacks=callbacks(config, Watch(work, names=RENAMED), evaluates=held_out is not None),
    )


def rows_of(config: Config, work: "Work", opened: "Opened", split: str) -> Any:
    """Prompt, chosen and rejected in tokens; None where there are none."""
    from datasets import Dataset

    found, dropped = kept_pairs(config, opened, work.rows(split))
    work.report.log(f"{split}: {len(found):,} pairs; {dropped:,} were too long.")
    return Dataset.from_list(found) if found else None


def kept_pairs(
    config: Config, reading: "Reading", rows: Rows
) -> tuple[list[dict[str, list[int]]], int]:
    """The pairs that fit, and how many do not."""
    from llmkit.tuning.sequences import answer_tokens, prompt_tokens

    longest, found, dropped = min(config.max_length, reading.window), [], 0
    for row in rows:
        asked = prompt_tokens(reading.prompts, row["messages"])
        answers = {
            f"{name}_ids": answer_tokens(reading.prompts, row[name], reading.eos)
            for name in ("chosen", "rejected")
        }
        if len(asked) + max(map(len, answers.values())) > longest:
            dropped += 1
        else:
            found.append({"prompt_ids": asked, **answers})
    return found, dropped


def look(config: Config, reading: "Reading", rows: Rows) -> Look:
    from llmkit.tuning.sequences import IGNORED, Example

    found, dropped = kept_pairs(config, reading, rows)
    answers = [pair[f"{name}_ids"] for pair in found for name in ("chosen", "rejected")]
    asked = [pair["prompt_ids"] for pair in found for _ in range(2)]
    wholes = list(zip(asked, answers, strict=True))
    return Look(
        units=len(found),
        unit="pairs",
        lengths=[len(prompt) + len(answer) for prompt, answer in wholes],
        learned=sum(map(len, answers)),
        dropped=dropped,
        why="pairs with a longer answer are left out",
        most=2,
        examples=[Example(p + a, [IGNORED] * len(p) + a) for p, a in wholes[:1]],
    )


def load(config: Config, longest: int, most: int) -> Load:
    sequences = config.batch_size * most
    return Load(
        sequences,
        longest,
        scored=sequences * longest,
        recomputed=config.gradient_checkpointing,
        each=most,
    )


def measured(trainer: Any, held_out: Any) -> dict[str, float]:
    """The loss on held-out pairs, and how often the chosen answer gained more than the other."""
    if held_out is None:
        return {}
    found = trainer.evaluate()
    names = RENAMED | {"eval_loss": "held_out_loss"}
    return {ours: float(found[theirs]) for theirs, ours in names.items() if theirs in found}


file(
    Method(
        name="dpo",
        label="DPO",
        summary="Learns from pairs directly to prefer the better answer, without a reward model.",
        good_for="A cheaper road from the same rankings: steadier than PPO, but with no score.",
        has_reference=True,
        config=Config,
        slots=(
            Slot("model", "Base model", ("base", "merged")),
            Slot("adapter", "Adapter to go on from", ("adapter",), required=False),
            Slot("dataset", "Dataset", ("preference",), what="dataset", many=True),
        ),
        run=run,
        look=look,
        reads=("max_length",),
        steps=steps_of_trainer,
        load=load,
        main_measure="held_out_pair_accuracy",
        curves=("loss", "pair_accuracy"),
        ways=("lora", "qlora", "selective", "adapters", "prompt", "p-tuning", "prefix", "ia3"),
    )
)
