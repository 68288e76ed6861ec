"""Supervised fine-tuning on instructions (Wei et al. 2021, arXiv:2109.01652), by trl's trainer.

Sample: {"messages": [{"role": "user", "content": "Summarise: …"}], "completion": "…"}
The loss is over the completion's tokens alone. Several datasets make a multi-task run: their rows
are mixed in the given shares.
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
    from llmkit.tuning.sequences import Encoded
    from training.run.work import Data, Work

SAMPLES = 3


@dataclass(frozen=True)
class Config(Schedule):
    max_length: int = setting(
        1024, "Longest row", "The end of a longer one is cut.", minimum=8, unit="tokens"
    )
    sample_tokens: int = setting(
        64,
        "Longest sample",
        "Of the answers shown while it trains; 0 shows none.",
        minimum=0,
        maximum=2048,
        advanced=True,
        unit="tokens",
    )


def run(config: Config, work: "Work") -> Mapping[str, float]:
    from llmkit.tuning.opening import open_base
    from training.run.artifacts import save_tuned, writing
    from training.run.trainer import train

    opened = open_base(Path(work.base.path), precision=work.precision)
    work.report.phase(READING)
    train_rows = mixture(config, work, opened)
    held_out = rows_of(config, work, opened, "validation", work.data)
    seed_everything(config.seed)
    model = work.tuned(opened.model)
    trainer = trainer_of(config, work, opened, model, train_rows, held_out)
    train(trainer, work, lambda: measured(trainer, held_out))
    with writing(work) as folder:
        save_tuned(model, opened.tokenizer, folder, work.base.name)
    return measured(trainer, held_out)


def trainer_of(
    config: Config, work: "Work", opened: "Opened", model: Any, train_rows: Any, held_out: Any
) -> Any:
    from trl import SFTConfig, SFTTrainer

    from training.run.trainer import Watch, arguments, callbacks

    return SFTTrainer(
        model=model,
        args=SFTConfig(**arguments(config, work, evaluates=held_out is not None), max_length=None),
        train_dataset=train_rows,
        eval_dataset=held_out,
        processing_class=opened.tokenizer,
        callbacks=callbacks(
            config,
            Watch(work, sampler(config, work, opened, model)),
            evaluates=held_out is not None,
        ),
    )


def measured(trainer: Any, held_out: Any) -> dict[str, float]:
    """The loss on the held-out rows, in nats per token, and its perplexity."""
    from math import exp

    from training.run.trainer import last_look

    if held_out is None:
        return {}
    known = last_look(trainer)
    loss = float(trainer.evaluate()["eval_loss"]) if known is None else known
    return {"held_out_loss": loss, "held_out_perplexity": exp(min(loss, 50))}


def seed_everything(seed: int) -> None:
    from transformers import set_seed

    set_seed(seed)


def mixture(config: Config, work: "Work", opened: "Opened") -> Any:
    """The training rows of all datasets; several are drawn in the shares of their weights."""
    from datasets import interleave_datasets

    each = [rows_of(config, work, opened, "train", (data,)) for data in work.data]
    found = [(rows, data.weight) for rows, data in zip(each, work.data, strict=True) if rows]
    if not found:
        raise RunError("No row is left to train on. Check the dataset and the longest length.")
    if len(found) == 1:
        return found[0][0]
    total = sum(weight for _, weight in found)
    return interleave_datasets(
        [rows for rows, _ in found],
        probabilities=[weight / total for _, weight in found],
        seed=config.seed,
        stopping_strategy="all_exhausted",
    )


def rows_of(
    config: Config, work: "Work", opened: "Opened", split: str, data: "tuple[Data, ...]"
) -> Any:
    """As trl's trainer takes them, already in tokens; None where there are none."""
    from datasets import Dataset

    from llmkit.tuning.sequences import completions

    rows = (row for each in data for row in work.rows(split, each))
    longest = min(config.max_length, opened.window)
    encoded = completions(opened.prompts, rows, eos=opened.eos, longest=longest)
    tell(work, split, encoded)
    columns = {
        "input_ids": [example.tokens for example in encoded.sequences],
        "labels": [example.labels for example in encoded.sequences],
    }
    return Dataset.from_dict(columns) if encoded.sequences else None


def look(config: Config, reading: "Reading", rows: Rows) -> Look:
    from llmkit.tuning.sequences import completions

    longest = min(config.max_length, reading.window)
    found = completions(reading.prompts, rows, eos=reading.eos, longest=longest)
    return Look(
        units=len(found.sequences),
        unit="rows",
        lengths=[len(example.tokens) for example in found.sequences],
        learned=found.learned,
        cut=found.cut,
        dropped=found.dropped,
        why="rows whose prompt leaves no room for an answer are left out",
        examples=found.sequences[:1],
    )


def load(config: Config, longest: int, most: int) -> Load:
    places = config.batch_size * longest
    return Load(config.batch_size, longest, scored=places, recomputed=config.gradient_checkpointing)


def tell(work: "Work", split: str, encoded: "Encoded") -> None:
    work.report.log(
        f"{split}: {len(encoded.sequences):,} rows, {encoded.tokens:,} tokens, of which "
        f"{encoded.learned:,} are learned; {encoded.cut:,} rows cut, {encoded.dropped:,} dropped."
    )


def sampler(config: Config, work: "Work", opened: "Opened", model: Any) -> Any:
    """Shows what the model answers to the first held-out prompts."""
    from itertools import islice

    rows = list(islice((r for r in work.rows("validation") if "messages" in r), SAMPLES))
    if not rows or not config.sample_tokens:
        return None

    def show(step: int) -> None:
        from llmkit.tuning.answering import answer

        for row in rows:
            text = answer(opened, model, row["messages"], most=config.sample_tokens)
            prompt = row["messages"][-1]["content"]
            work.report.sample(step, prompt=prompt, text=text, reference=row["completion"])

    return show


file(
    Method(
        name="sft",
        label="Instruction tuning",
        summary="Learns to answer prompts as the dataset's completions do.",
        good_for="A task, a tone or a format, taught by examples of good answers.",
        config=Config,
        slots=(
            Slot("model", "Base model", ("base", "merged")),
            Slot("adapter", "Adapter to go on from", ("adapter",), required=False),
            Slot("dataset", "Dataset", ("completion", "text"), what="dataset", many=True),
        ),
        run=run,
        look=look,
        reads=("max_length",),
        steps=steps_of_trainer,
        load=load,
        main_measure="held_out_loss",
        mixes=True,
        ways=(
            "lora",
            "qlora",
            "selective",
            "adapters",
            "prompt",
            "p-tuning",
            "prefix",
            "ia3",
            "full",
        ),
    )
)
