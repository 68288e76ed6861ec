"""The settings that every method of gradient descent has."""

import math
from dataclasses import dataclass

from llmkit.configs import setting


@dataclass(frozen=True)
class Schedule:
    """A step is one change of the weights, from `batch_size` × `accumulate` rows."""

    max_steps: int | None = setting(
        None,
        "Steps",
        "Empty: as many as the epochs need.",
        minimum=1,
        maximum=10_000_000,
    )
    epochs: float = setting(1.0, "Epochs", "Times that every row is seen.", minimum=0.001)
    batch_size: int = setting(4, "Batch size", "Rows read at once.", minimum=1, maximum=4096)
    accumulate: int = setting(
        1, "Batches a step", "Several small batches count as one.", minimum=1, maximum=4096
    )
    learning_rate: float = setting(2e-4, "Learning rate", minimum=1e-9, maximum=1)
    seed: int = setting(42, "Seed", minimum=0, maximum=2**31 - 1)
    decay: str = setting(
        "linear",
        "Learning rate goes",
        choices=("linear", "cosine", "constant"),
        advanced=True,
    )
    warmup: float = setting(
        0.03,
        "Warm-up",
        "Share of the steps in which it rises.",
        minimum=0,
        maximum=1,
        advanced=True,
    )
    weight_decay: float = setting(0.0, "Weight decay", minimum=0, maximum=1, advanced=True)
    gradient_clip: float = setting(
        1.0, "Largest gradient norm", "A larger one is scaled down.", minimum=0.001, advanced=True
    )
    evaluate_every: int = setting(
        50, "Evaluate every", "Between two looks at the held-out rows.", minimum=1, unit="steps"
    )
    save_every: int = setting(
        50,
        "Keep a checkpoint every",
        "A stopped run goes on from the last.",
        minimum=1,
        unit="steps",
    )
    keep_checkpoints: int = setting(2, "Checkpoints kept", minimum=1, maximum=1000, advanced=True)
    patience: int = setting(
        0,
        "Stop early after",
        "Looks at the held-out rows without anything better; the best weights are kept. 0: never.",
        minimum=0,
        maximum=1000,
        advanced=True,
        unit="looks",
    )
    gradient_checkpointing: bool = setting(
        False, "Save memory", "Compute activations twice instead of keeping them.", advanced=True
    )


def steps_in_all(schedule: Schedule, units: int) -> int:
    """Of a loop of ours, in which an epoch may end within a step."""
    per_step = schedule.batch_size * schedule.accumulate
    return schedule.max_steps or max(1, math.ceil(schedule.epochs * units / per_step))


def steps_of_trainer(schedule: Schedule, units: int) -> int:
    """Of transformers' Trainer, in which each epoch ends with a step."""
    batches = math.ceil(units / schedule.batch_size)
    each = max(1, math.ceil(batches / schedule.accumulate))
    return schedule.max_steps or math.ceil(schedule.epochs * each)
